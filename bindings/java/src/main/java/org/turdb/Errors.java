package org.turdb;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLNonTransientException;
import java.sql.SQLSyntaxErrorException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLTransientConnectionException;
import java.sql.SQLTransientException;
import java.util.ArrayList;
import java.util.List;

/** Makes the exceptions of the driver: subclasses of SQLException as JDBC has them, each a {@link TurdbError}. */
final class Errors {
  private Errors() {}

  /** What an exception says beyond JDBC. */
  private record Details(TurdbCode code, String state, String text, String hint, int position, List<String> context, boolean canRetry) {
    String message() {
      StringBuilder message = new StringBuilder();
      for (String frame : context) {
        message.append(frame).append(": ");
      }
      message.append(text);
      if (hint != null) {
        message.append(" (").append(hint).append(')');
      }
      if (position >= 0) {
        message.append(" at character ").append(position + 1);
      }
      return message.toString();
    }
  }

  /** Called by C: status, position, whether a retry can help, SQLSTATE, message, hint, frames. */
  @SuppressWarnings("unused")
  private static SQLException create(byte[] described) {
    return read(ByteBuffer.wrap(described).order(ByteOrder.LITTLE_ENDIAN));
  }

  static SQLException read(ByteBuffer in) {
    TurdbCode code = TurdbCode.of(in.getInt());
    int position = (int) in.getLong();
    boolean canRetry = in.getInt() != 0;
    String state = text(in);
    String message = text(in);
    String hint = text(in);
    List<String> context = new ArrayList<>();
    for (int frames = in.getInt(); frames > 0; --frames) {
      context.add(text(in));
    }
    return create(new Details(code, state, message == null ? code.toString() : message, hint, position, context, canRetry), false);
  }

  private static String text(ByteBuffer in) {
    int size = in.getInt();
    if (size < 0) {
      return null;
    }
    byte[] bytes = new byte[size];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static SQLException create(Details d, boolean timedOut) {
    return switch (d.code) {
      case ERROR -> d.state != null && (d.state.startsWith("42") || d.state.startsWith("2F")) ? new Syntax(d) : new NonTransient(d);
      case CONSTRAINT -> new Constraint(d);
      case DATA -> new Data(d);
      case CONFLICT -> new Rollback(d);
      case BUSY, NO_MEMORY, FULL -> new Transient(d);
      case LOCKED -> new TransientConnection(d);
      case INTERRUPTED -> timedOut ? new Timeout(d) : new Transient(d);
      case UNSUPPORTED -> new Unsupported(d);
      case MISUSE -> d.state != null && d.state.startsWith("08") ? new NonTransientConnection(d) : new NonTransient(d);
      default -> new NonTransient(d);
    };
  }

  private static SQLException of(TurdbCode code, String state, String message) {
    return create(new Details(code, state, message, null, -1, List.of(), false), false);
  }

  static SQLException otherOptions(String message) {
    return of(TurdbCode.ERROR, "25001", message);
  }

  static SQLException misuse(String message) {
    return of(TurdbCode.MISUSE, "HY010", message);
  }

  static SQLException interrupted(String message) {
    return of(TurdbCode.INTERRUPTED, "57014", message);
  }

  static SQLException closed(String what) {
    return misuse("the " + what + " is closed");
  }

  static SQLException data(String state, String message) {
    return of(TurdbCode.DATA, state, message);
  }

  static SQLException invalid(String message) {
    return of(TurdbCode.MISUSE, "HY024", message);
  }

  static SQLException notFound(String state, String message) {
    return of(TurdbCode.NOT_FOUND, state, message);
  }

  static SQLException syntax(String state, String message, int position) {
    return create(new Details(TurdbCode.ERROR, state, message, null, position, List.of(), false), false);
  }

  static SQLFeatureNotSupportedException unsupported(String message) {
    return (SQLFeatureNotSupportedException) of(TurdbCode.UNSUPPORTED, "0A000", message);
  }

  /** The same error with its position, a byte of a part of the SQL, as a character of the whole. */
  static SQLException located(SQLException e, byte[] sql, int start) {
    if (!(e instanceof TurdbError error) || error.position() < 0) {
      return e;
    }
    int end = Math.min(start + error.position(), sql.length);
    int character = new String(sql, 0, end, StandardCharsets.UTF_8).length();
    Details d = new Details(error.code(), e.getSQLState(), error.text(), error.hint(), character, error.context(), error.canRetry());
    return copied(e, d, false);
  }

  static SQLException timedOut(SQLException e) {
    if (!(e instanceof TurdbError error) || error.code() != TurdbCode.INTERRUPTED) {
      return e;
    }
    return copied(e, new Details(error.code(), e.getSQLState(), "the query timeout passed", error.hint(), error.position(), error.context(),
        error.canRetry()), true);
  }

  static SQLException within(SQLException e, String frame) {
    if (!(e instanceof TurdbError error)) {
      return e;
    }
    List<String> context = new ArrayList<>();
    context.add(frame);
    context.addAll(error.context());
    return copied(e, new Details(error.code(), e.getSQLState(), error.text(), error.hint(), error.position(), context, error.canRetry()),
        e instanceof SQLTimeoutException);
  }

  private static SQLException copied(SQLException e, Details d, boolean timedOut) {
    SQLException copy = create(d, timedOut);
    copy.setStackTrace(e.getStackTrace());
    if (e.getCause() != null) {
      copy.initCause(e.getCause());
    }
    return copy;
  }

  // ---- the classes: one for each of JDBC's

  /** An exception of this driver; without details where it was serialised. */
  private interface Described extends TurdbError {
    Details details();

    int getErrorCode();

    String getMessage();

    @Override
    default TurdbCode code() {
      return TurdbCode.of(getErrorCode());
    }

    @Override
    default String text() {
      return details() == null ? getMessage() : details().text;
    }

    @Override
    default String hint() {
      return details() == null ? null : details().hint;
    }

    @Override
    default int position() {
      return details() == null ? -1 : details().position;
    }

    @Override
    default List<String> context() {
      return details() == null ? List.of() : details().context;
    }

    @Override
    default boolean canRetry() {
      return details() != null && details().canRetry;
    }
  }

  private static final class Syntax extends SQLSyntaxErrorException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    Syntax(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }

  private static final class Constraint extends SQLIntegrityConstraintViolationException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    Constraint(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }

  private static final class Data extends SQLDataException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    Data(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }

  private static final class Rollback extends SQLTransactionRollbackException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    Rollback(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }

  private static final class Transient extends SQLTransientException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    Transient(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }

  private static final class TransientConnection extends SQLTransientConnectionException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    TransientConnection(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }

  private static final class NonTransientConnection extends SQLNonTransientConnectionException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    NonTransientConnection(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }

  private static final class Timeout extends SQLTimeoutException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    Timeout(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }

  private static final class NonTransient extends SQLNonTransientException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    NonTransient(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }

  private static final class Unsupported extends SQLFeatureNotSupportedException implements Described {
    private static final long serialVersionUID = 1;
    private final transient Details details;

    Unsupported(Details d) {
      super(d.message(), d.state, d.code.status());
      details = d;
    }

    @Override
    public Details details() {
      return details;
    }
  }
}
