package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Aggregates, functions that give rows, collations and hooks of Java. */
class CallbacksTest {
  private static final IllegalStateException UNLUCKY = new IllegalStateException("an unlucky number");

  private TurdbConnection connection;

  @BeforeEach
  void open() throws SQLException {
    connection = Databases.memory();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  private Object value(String sql) throws SQLException {
    return Databases.value(connection, sql);
  }

  /** The statement fails with what Java threw as its cause. */
  private SQLException failsWithCause(String state, String sql) {
    SQLException e = assertThrows(SQLException.class, () -> Databases.run(connection, sql), sql);
    assertEquals(state, e.getSQLState(), e.getMessage());
    assertSame(UNLUCKY, e.getCause(), sql);
    return e;
  }

  /** Multiplies whole numbers. */
  private static class Product implements Aggregate<long[]> {
    private final boolean merges;

    Product(boolean merges) {
      this.merges = merges;
    }

    @Override
    public long[] create() {
      return new long[] {1};
    }

    @Override
    public void step(long[] state, Object[] arguments) {
      long number = (Long) arguments[0];
      if (number == 13) {
        throw UNLUCKY;
      }
      state[0] *= number;
    }

    @Override
    public Object finish(long[] state) {
      if (state[0] == 99) {
        throw UNLUCKY;
      }
      return state[0];
    }

    @Override
    public boolean merges() {
      return merges;
    }

    @Override
    public void merge(long[] into, long[] from) {
      into[0] *= from[0];
    }
  }

  @Test
  void aggregates() throws Exception {
    connection.createAggregate("product", "bigint", "bigint", TurdbConnection.DETERMINISTIC, new Product(false));
    connection.createAggregate("merging", "bigint", "bigint", 0, new Product(true));
    assertEquals(3628800L, value("select product(i) from generate_series(1, 10) g(i)"));
    assertEquals(1L, value("select product(i) from generate_series(1, 0) g(i)"));
    assertEquals(6L, value("select product(distinct i % 3 + 1) filter (where i > 2) from generate_series(1, 10) g(i)"));
    assertEquals(3L, value("select product(nullif(i, 2)) from generate_series(1, 3) g(i)"));
    assertEquals(90L, value("select max(p) from (select product(i) over (order by i rows 1 preceding) p from generate_series(1, 10) g(i))"));
    assertEquals(720L, value("select max(p) from (select merging(i) over (order by i rows 2 preceding) p from generate_series(1, 10) g(i))"));
    assertEquals(5000L, value("select count(*) from (select product(i) from generate_series(1, 5000) g(i) group by i)"));
    failsWithCause("38000", "select product(13)");
    failsWithCause("38000", "select product(99)");
    assertNull(assertThrows(SQLException.class, () -> value("select 1 / 0")).getCause());
    connection.createAggregate("none", "", "int", 0, new Aggregate<Object>() {
      @Override
      public Object create() {
        throw UNLUCKY;
      }

      @Override
      public void step(Object state, Object[] arguments) {}

      @Override
      public Object finish(Object state) {
        return null;
      }
    });
    failsWithCause("38000", "select none()");
    connection.dropFunction("product");
    Databases.fails(SQLException.class, "42883", () -> value("select product(1)"));
    assertThrows(SQLException.class, () -> connection.createAggregate("bad", "no_such_type", "int", 0, new Product(false)));
    assertThrows(SQLException.class, () -> connection.createAggregate("bad", "", "int", 0, null));
  }

  private final AtomicInteger opened = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();

  private final class Countdown implements Iterator<Object[]>, AutoCloseable {
    private long from;

    Countdown(long from) {
      this.from = from;
      opened.incrementAndGet();
    }

    @Override
    public boolean hasNext() {
      return from > 0;
    }

    @Override
    public Object[] next() {
      if (from == 1313) {
        throw UNLUCKY;
      }
      if (from == 1414) {
        return new Object[] {1};
      }
      if (from == 1515) {
        return new Object[] {"no number", "x"};
      }
      if (from == 1616) {
        return new Object[] {1, new Object()};
      }
      --from;
      return new Object[] {from + 1, "number " + (from + 1)};
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  @Test
  void tableFunctions() throws Exception {
    connection.createTableFunction("countdown", "bigint", 0, arguments -> {
      long from = (Long) arguments[0];
      if (from == -1) {
        throw UNLUCKY;
      }
      return from == -2 ? null : new Countdown(from);
    }, "n bigint", "\"The Name\" text");
    assertEquals(500500, Databases.number(connection, "select sum(n) from countdown(1000)"));
    assertEquals("number 999", value("select max(\"The Name\") from countdown(1000)"));
    assertEquals(0L, value("select count(*) from countdown(0)"));
    assertEquals(0L, value("select count(*) from countdown(null)"));
    assertEquals(297L, value("select count(*) from generate_series(1, 100) g(i), lateral countdown(i) c where c.n <= 3"));
    assertEquals(10000000L, value("select n from countdown(10000000) limit 1"));
    failsWithCause("38000", "select * from countdown(-1)");
    Databases.fails(SQLException.class, "HY024", () -> value("select * from countdown(-2)"));
    failsWithCause("38000", "select * from countdown(1320)");
    Databases.fails(SQLException.class, "HY010", () -> value("select * from countdown(1414)"));
    Databases.fails(SQLException.class, "22P02", () -> value("select * from countdown(1515)"));
    assertThrows(SQLException.class, () -> value("select * from countdown(1616)"));
    connection.createTableFunction("streamed", "", 0,
        arguments -> LongStream.range(0, 3000).mapToObj(i -> new Object[] {i, new int[][] {{1, 2}, {3, 4}}, new float[] {1, i}, null}).iterator(),
        "a smallint", "b int[]", "c vector(2)", "d text");
    assertEquals("(2999,\"{{1,2},{3,4}}\",\"[1,2999]\",)", value("select v::text from streamed() v order by a desc limit 1"));
    for (String[] columns : new String[][] {{}, {"a"}, {"a no_such_type"}, {"a int\0"}}) {
      assertThrows(SQLException.class, () -> connection.createTableFunction("bad", "", 0, arguments -> null, columns));
    }
    connection.close();
    assertTrue(opened.get() > 100);
    assertEquals(opened.get(), closed.get());
  }

  @Test
  void collations() throws Exception {
    connection.createCollation("backwards", text -> {
      if (text.equals("unlucky")) {
        throw UNLUCKY;
      }
      return new StringBuilder(text).reverse().toString().getBytes(StandardCharsets.UTF_8);
    });
    assertEquals("cx,bay,az", value("select string_agg(w, ',' order by w collate backwards) from (values ('az'), ('bay'), ('cx')) v(w)"));
    failsWithCause("38000", "select * from (values ('unlucky'), ('a')) v(w) order by w collate backwards");
    connection.dropCollation("backwards");
    Databases.fails(SQLException.class, "42704", () -> value("select 'a' < 'b' collate backwards"));
    assertThrows(SQLException.class, () -> connection.dropCollation("backwards"));
  }

  @Test
  void changes() throws Exception {
    Databases.run(connection, "create table parent(id integer primary key, name text)",
        "create table child(id integer primary key, parent integer references parent on delete cascade)", "create table log(what text)",
        "create trigger logged after insert on parent for each row begin insert into log values (new.name); end");
    List<String> told = new ArrayList<>();
    List<Change> kept = new ArrayList<>();
    connection.setChangeHook(change -> {
      for (int row = 0; row < change.rowCount(); ++row) {
        Object[] after = change.newRow(row);
        told.add(change.operation() + " " + change.schema() + "." + change.table() + " " + change.byTrigger() + " " + change.byForeignKey()
            + " " + Arrays.toString(change.oldRow(row)) + " " + Arrays.toString(after));
        if (after != null && after.length > 1 && "unlucky".equals(after[1])) {
          throw UNLUCKY;
        }
      }
      if (change.table().equals("parent")) {
        assertEquals(List.of("id", "name"), change.columns());
        assertEquals(List.of("id"), change.keyColumns());
      }
      kept.add(change);
    });
    String text = "long ".repeat(500);
    Databases.run(connection, "insert into parent values (1, 'one')", "insert into child values (5, 1)",
        "update parent set name = '" + text + "'", "delete from parent");
    List<String> want = new ArrayList<>(List.of("INSERT root.parent false false null [1, one]", "INSERT root.log true false null [one]",
        "INSERT root.child false false null [5, 1]", "UPDATE root.parent false false [1, one] [1, " + text + "]",
        "DELETE root.parent false false [1, " + text + "] null", "DELETE root.child false true [5, 1] null"));
    Collections.sort(told);
    Collections.sort(want);
    assertEquals(want, told);
    assertThrows(SQLException.class, () -> kept.get(1).newRow(0));
    SQLException e = failsWithCause("23000", "insert into parent values (1, 'fine'), (2, 'unlucky')");
    assertTrue(e instanceof SQLIntegrityConstraintViolationException);
    assertEquals(0L, value("select count(*) from parent"));
    connection.setChangeHook(null);
    Databases.run(connection, "insert into parent values (2, 'unlucky')");
  }

  @Test
  void traces() throws Exception {
    Databases.run(connection, "create table t(a int primary key)");
    List<String> told = new ArrayList<>();
    List<Trace> kept = new ArrayList<>();
    connection.setTraceHook(trace -> {
      told.add(trace.begins() ? "begins " + trace.expandedSql()
          : "ends " + trace.rows() + " " + trace.changes() + " " + !trace.duration().isZero() + " " + trace.error());
      kept.add(trace);
    });
    try (PreparedStatement insert = connection.prepareStatement("insert into t values (?), (?)")) {
      insert.setInt(1, 1);
      insert.setInt(2, 2);
      insert.executeUpdate();
    }
    assertEquals(2, value("select max(a) from t"));
    assertThrows(SQLException.class, () -> Databases.run(connection, "insert into t values (1)"));
    assertEquals(List.of("begins insert into t values (1), (2)", "ends 0 2 true null", "begins select max(a) from t", "ends 1 0 true null",
        "begins insert into t values (1)"), told.subList(0, 5));
    assertEquals("23505", kept.get(5).error().getSQLState());
    assertEquals("insert into t values (?), (?)", kept.get(0).sql());
    assertEquals(kept.get(0).execution(), kept.get(1).execution());
    assertNull(kept.get(0).expandedSql());
    // Nobody is told of what it throws, and it is not the cause of what fails next.
    connection.setTraceHook(trace -> {
      throw UNLUCKY;
    });
    assertEquals(1, value("select 1"));
    assertNull(assertThrows(SQLException.class, () -> value("select 1 / 0")).getCause());
    connection.setTraceHook(null);
  }

  @Test
  void authorizers() throws Exception {
    Databases.run(connection, "create table t(a int, secret text)", "insert into t values (1, 'x')", "create view v as select a from t");
    Set<String> asked = new TreeSet<>();
    connection.setAuthorizer(request -> {
      asked.add(request.action() + " " + request.schema() + " " + request.object() + " " + request.column() + " " + request.accessor());
      if ("secret".equals(request.column())) {
        return Authorizer.Access.IGNORE;
      }
      return switch (request.action()) {
        case DELETE -> Authorizer.Access.DENY;
        case CREATE -> null;
        case DROP -> throw UNLUCKY;
        default -> Authorizer.Access.ALLOW;
      };
    });
    assertNull(value("select secret from t"));
    assertEquals(1, value("select a from v"));
    Databases.fails(SQLException.class, "42501", () -> Databases.run(connection, "delete from t"));
    Databases.fails(SQLException.class, "42501", () -> Databases.run(connection, "create table u(a int)"));
    failsWithCause("42501", "drop table t");
    assertTrue(asked.containsAll(List.of("READ root t null null", "READ root t secret null", "READ root t a v")), asked.toString());
    connection.setAuthorizer(null);
    assertEquals("x", value("select secret from t"));
  }

  @Test
  void progress() throws Exception {
    String endless = "select count(*) from generate_series(1, 100000000000) g(i)";
    AtomicInteger calls = new AtomicInteger();
    connection.setProgressHook(1, () -> {
      if (calls.incrementAndGet() == 3) {
        throw UNLUCKY;
      }
    });
    failsWithCause("57014", endless);
    assertEquals(3, calls.get());
    connection.setProgressHook(0, () -> {
      throw UNLUCKY;
    });
    failsWithCause("57014", endless);
    connection.setProgressHook(1, null);
    try (PreparedStatement statement = connection.prepareStatement(endless)) {
      statement.setQueryTimeout(1);
      assertThrows(SQLTimeoutException.class, statement::executeQuery);
    }
    assertEquals(3, calls.get());
  }

  /** SQLSTATEs of what Java throws are those of the statement. */
  @Test
  void statesOfExceptions() throws Exception {
    connection.createFunction("fails", "", "int", 0, arguments -> {
      throw new SQLException("x\0y", "22012");
    });
    SQLException e = Databases.fails(SQLException.class, "22012", () -> value("select fails()"));
    assertTrue(e.getMessage().contains("x y"), e.getMessage());
    connection.createFunction("fails", "", "int", 0, arguments -> {
      throw new SQLException("no state", "no");
    });
    Databases.fails(SQLException.class, "38000", () -> value("select fails()"));
    connection.createFunction("uses", "", "int", 0, arguments -> value("select 1"));
    Databases.fails(SQLException.class, "HY010", () -> value("select uses()"));
  }

  /** A connection that was forgotten goes, whatever functions and hooks it has. */
  @Test
  void forgottenConnections() throws Exception {
    WeakReference<TurdbConnection> forgotten = new WeakReference<>(withCallbacks());
    for (int i = 0; i < 200 && forgotten.get() != null; ++i) {
      System.gc();
      Thread.sleep(10);
    }
    assertNull(forgotten.get());
  }

  private static TurdbConnection withCallbacks() throws SQLException {
    TurdbConnection brief = Databases.memory();
    brief.createAggregate("product", "bigint", "bigint", 0, new Product(false));
    brief.createTableFunction("f", "", 0, arguments -> Collections.emptyIterator(), "a int");
    brief.createCollation("by_nothing", text -> new byte[0]);
    brief.setTraceHook(trace -> assertNotNull(trace.sql()));
    brief.setChangeHook(change -> {});
    brief.setProgressHook(1, () -> {});
    assertEquals(2, Databases.number(brief, "select product(2)"));
    return brief;
  }
}
