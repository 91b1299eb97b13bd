package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** DatabaseMetaData, by which IDEs and object-relational mappers find their way. */
class MetaDataTest {
  private TurdbConnection connection;
  private DatabaseMetaData about;

  @BeforeEach
  void open() throws SQLException {
    connection = Databases.memory();
    about = connection.getMetaData();
    Databases.run(connection,
        "create table person(id bigint generated always as identity primary key, name text not null, born date default current_date, "
            + "price numeric(10,2), twice bigint generated always as (id * 2))",
        "comment on table person is 'people'", "comment on column person.name is 'how they are called'",
        "create table pet(a int, b int, owner bigint references person(id) on delete cascade, primary key (b, a))",
        "create index pet_owner on pet(owner desc) where a > 1", "create view old as select * from person", "create temp table scratch(a int)",
        "create type mood as enum ('sad', 'happy')", "create table per_son(x mood)");
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  private static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> values = new ArrayList<>();
    while (rows.next()) {
      values.add(rows.getString(name));
    }
    return values;
  }

  @Test
  void tablesAndSchemas() throws Exception {
    assertTrue(column(about.getSchemas(), "TABLE_SCHEM").contains("root"));
    ResultSet tables = about.getTables(null, "root", "per%", new String[] {"TABLE"});
    assertEquals(List.of("per_son", "person"), column(tables, "TABLE_NAME"));
    assertEquals(List.of("per_son"), column(about.getTables(null, null, "per\\_son", null), "TABLE_NAME"));
    ResultSet view = about.getTables(null, null, "old", null);
    assertTrue(view.next());
    assertEquals("VIEW", view.getString("TABLE_TYPE"));
    assertEquals(List.of("LOCAL TEMPORARY"), column(about.getTables(null, null, "scratch", null), "TABLE_TYPE"));
    ResultSet person = about.getTables(null, "root", "person", null);
    assertTrue(person.next());
    assertEquals("people", person.getString("REMARKS"));
    assertTrue(column(about.getTableTypes(), "TABLE_TYPE").contains("VIEW"));
    assertEquals(List.of("mood"), column(about.getUDTs(null, null, "%", null), "TYPE_NAME"));
  }

  @Test
  void columns() throws Exception {
    ResultSet columns = about.getColumns(null, null, "person", "%");
    assertTrue(columns.next());
    assertEquals("id", columns.getString("COLUMN_NAME"));
    assertEquals(Types.BIGINT, columns.getInt("DATA_TYPE"));
    assertEquals("YES", columns.getString("IS_AUTOINCREMENT"));
    assertEquals(DatabaseMetaData.columnNoNulls, columns.getInt("NULLABLE"));
    assertTrue(columns.next());
    assertEquals("how they are called", columns.getString("REMARKS"));
    assertEquals(Types.VARCHAR, columns.getInt("DATA_TYPE"));
    assertTrue(columns.next());
    assertEquals("current_date", columns.getString("COLUMN_DEF"));
    assertTrue(columns.next());
    assertEquals(10, columns.getInt("COLUMN_SIZE"));
    assertEquals(2, columns.getInt("DECIMAL_DIGITS"));
    assertTrue(columns.next());
    assertEquals("YES", columns.getString("IS_GENERATEDCOLUMN"));
    assertEquals(5, columns.getInt("ORDINAL_POSITION"));
    assertFalse(columns.next());
  }

  @Test
  void keysAndIndexes() throws Exception {
    ResultSet keys = about.getPrimaryKeys(null, null, "pet");
    assertTrue(keys.next());
    assertEquals("a", keys.getString("COLUMN_NAME"));
    assertEquals(2, keys.getInt("KEY_SEQ"));
    assertNotNull(keys.getString("PK_NAME"));
    for (ResultSet references : List.of(about.getImportedKeys(null, null, "pet"), about.getExportedKeys(null, "root", "person"),
        about.getCrossReference(null, null, "person", null, null, "pet"))) {
      assertTrue(references.next());
      assertEquals("person", references.getString("PKTABLE_NAME"));
      assertEquals("id", references.getString("PKCOLUMN_NAME"));
      assertEquals("owner", references.getString("FKCOLUMN_NAME"));
      assertEquals(DatabaseMetaData.importedKeyCascade, references.getInt("DELETE_RULE"));
      assertFalse(references.next());
    }
    ResultSet indexes = about.getIndexInfo(null, null, "pet", false, false);
    assertTrue(indexes.next());
    assertFalse(indexes.getBoolean("NON_UNIQUE"));
    assertEquals("b", indexes.getString("COLUMN_NAME"));
    assertTrue(indexes.next());
    assertTrue(indexes.next());
    assertEquals("pet_owner", indexes.getString("INDEX_NAME"));
    assertEquals("owner", indexes.getString("COLUMN_NAME"));
    assertEquals("D", indexes.getString("ASC_OR_DESC"));
    assertNotNull(indexes.getString("FILTER_CONDITION"));
    assertEquals(List.of("id"), column(about.getBestRowIdentifier(null, null, "person", 0, true), "COLUMN_NAME"));
  }

  @Test
  void types() throws Exception {
    List<String> names = column(about.getTypeInfo(), "TYPE_NAME");
    assertTrue(names.containsAll(List.of("bigint", "text", "numeric", "timestamptz", "uuid", "vector")));
    ResultSet types = about.getTypeInfo();
    int before = Integer.MIN_VALUE;
    while (types.next()) {
      assertTrue(types.getInt("DATA_TYPE") >= before);
      before = types.getInt("DATA_TYPE");
    }
  }

  /** Whatever is asked, there is an answer, or JDBC's word that there is none. */
  @Test
  void everyMethodAnswers() throws Exception {
    int count = 0;
    for (Method method : DatabaseMetaData.class.getMethods()) {
      if (method.getDeclaringClass() == java.sql.Wrapper.class) {
        continue;
      }
      Object[] arguments = new Object[method.getParameterCount()];
      for (int i = 0; i < arguments.length; ++i) {
        Class<?> type = method.getParameterTypes()[i];
        arguments[i] = type == int.class ? (Object) 1003 : type == boolean.class ? (Object) true : null;
      }
      try {
        Object answer = method.invoke(about, arguments);
        if (answer instanceof ResultSet rows) {
          while (rows.next()) {
            rows.getObject(1);
          }
        }
        ++count;
      } catch (InvocationTargetException e) {
        assertTrue(e.getCause() instanceof SQLFeatureNotSupportedException, method + ": " + e.getCause());
      }
    }
    assertTrue(count > 150);
  }
}
