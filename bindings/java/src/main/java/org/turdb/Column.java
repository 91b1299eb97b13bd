package org.turdb;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A column of a result. nullability, schema, table and origin are as turdb.h has them. */
record Column(int type, int nullability, String name, String declared, String schema, String table, String origin) {
  static final int NOT_NULL = 1;
  static final int NULLABLE = 2;

  static Column[] read(byte[] described) {
    ByteBuffer in = ByteBuffer.wrap(described).order(ByteOrder.LITTLE_ENDIAN);
    Column[] columns = new Column[in.getInt()];
    for (int i = 0; i < columns.length; ++i) {
      columns[i] = new Column(in.getInt(), in.getInt(), text(in), text(in), text(in), text(in), text(in));
    }
    return columns;
  }

  /** All texts that there are. */
  static List<String> texts(byte[] described) {
    ByteBuffer in = ByteBuffer.wrap(described).order(ByteOrder.LITTLE_ENDIAN);
    List<String> texts = new ArrayList<>();
    while (in.hasRemaining()) {
      texts.add(text(in));
    }
    return Collections.unmodifiableList(texts);
  }

  static String text(ByteBuffer in) {
    int size = in.getInt();
    if (size < 0) {
      return null;
    }
    String text = new String(in.array(), in.position(), size, StandardCharsets.UTF_8);
    in.position(in.position() + size);
    return text;
  }
}
