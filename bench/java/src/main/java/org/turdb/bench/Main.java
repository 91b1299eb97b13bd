package org.turdb.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * TurDB's JDBC driver beside sqlite-jdbc, in one run, as ratios: {@code ./dev bench java [-rows N] [-rounds N] [-file] [-wall]}.
 *
 * <p>Rounds alternate between the two, and medians are compared; two rounds before them are not counted, in which Java compiles. Time is
 * that of the process on the CPUs, its compiler and its garbage collector included, so that what else the machine does is not counted;
 * -wall measures what has passed. With -file databases lie in files instead of memory, each with its defaults of durability.
 */
public final class Main {
  private static final String TABLE = "create table t(id integer primary key, a integer, b double precision, c text)";
  private static final String INSERT = "insert into t values (?, ?, ?, ?)";
  private static final String TEXT = "sixteen letters.";
  private static final int FEW = 100_000;
  private static final int BATCH = 1000;
  private static final int WARM_UP = 2;

  private static int rows = 1_000_000;
  private static int rounds = 5;
  private static boolean files;
  private static boolean wall;
  private static Path folder;
  private static int opened;

  private interface Work {
    /** Nanoseconds a unit. */
    double run(Peer peer) throws Exception;
  }

  private static final class Peer {
    final String name;
    final String prefix;
    Connection few;
    Connection large;

    Peer(String name, String prefix) {
      this.name = name;
      this.prefix = prefix;
    }

    Connection open() throws SQLException {
      String path = files ? folder.resolve(name + ++opened).toString() : ":memory:";
      Connection connection = DriverManager.getConnection(prefix + path);
      try (Statement statement = connection.createStatement()) {
        statement.executeUpdate(TABLE);
      }
      return connection;
    }
  }

  private static long now() {
    return wall ? System.nanoTime() : ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }

  private static double since(long begin, int units) {
    return (double) (now() - begin) / units;
  }

  private static void set(PreparedStatement insert, int i) throws SQLException {
    insert.setLong(1, i);
    insert.setLong(2, 7L * i);
    insert.setDouble(3, i / 2.0);
    insert.setString(4, TEXT);
  }

  private static void fill(Connection connection, int rows) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      for (int i = 1; i <= rows; ++i) {
        set(insert, i);
        insert.addBatch();
        if (i % BATCH == 0) {
          insert.executeBatch();
        }
      }
      insert.executeBatch();
    }
    connection.commit();
    connection.setAutoCommit(true);
  }

  private static void fillOneByOne(Connection connection, int rows) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      for (int i = 1; i <= rows; ++i) {
        set(insert, i);
        insert.executeUpdate();
      }
    }
    connection.commit();
    connection.setAutoCommit(true);
  }

  private static double points(Peer peer, boolean prepared) throws SQLException {
    String sql = "select a, b, c from t where id = ?";
    int count = prepared ? 200_000 : 50_000;
    long sum = 0;
    long begin = now();
    PreparedStatement kept = prepared ? peer.few.prepareStatement(sql) : null;
    for (int i = 1; i <= count; ++i) {
      PreparedStatement statement = prepared ? kept : peer.few.prepareStatement(sql);
      statement.setLong(1, i % FEW + 1);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        sum += row.getLong(1) + (long) row.getDouble(2) + row.getString(3).length();
      }
      if (!prepared) {
        statement.close();
      }
    }
    if (prepared) {
      kept.close();
    }
    double taken = since(begin, count);
    if (sum == 0) {
      throw new IllegalStateException();
    }
    return taken;
  }

  private static double updates(Peer peer) throws SQLException {
    int count = 50_000;
    peer.few.setAutoCommit(false);
    long begin = now();
    try (PreparedStatement update = peer.few.prepareStatement("update t set a = ? where id = ?")) {
      for (int i = 1; i <= count; ++i) {
        update.setLong(1, i);
        update.setLong(2, i);
        update.executeUpdate();
      }
    }
    peer.few.commit();
    double taken = since(begin, count);
    peer.few.setAutoCommit(true);
    return taken;
  }

  private static double read(Peer peer) throws SQLException {
    long begin = now();
    long sum = 0;
    int count = 0;
    try (Statement statement = peer.large.createStatement(); ResultSet row = statement.executeQuery("select id, a, b, c from t")) {
      for (; row.next(); ++count) {
        sum += row.getLong(1) + row.getLong(2) + (long) row.getDouble(3) + row.getString(4).length();
      }
    }
    if (count != rows || sum == 0) {
      throw new IllegalStateException(peer.name + " read " + count + " rows");
    }
    return since(begin, count);
  }

  private interface Filling {
    void fill(Connection connection, int rows) throws SQLException;
  }

  private static Work inserts(Filling filling) {
    return peer -> {
      Connection connection = peer.open();
      long begin = now();
      filling.fill(connection, rows);
      double taken = since(begin, rows);
      if (peer.large != null) {
        peer.large.close();
      }
      peer.large = connection;
      return taken;
    };
  }

  private static Map<String, Double> measure(List<Peer> peers, Work work) throws Exception {
    Map<String, List<Double>> times = new LinkedHashMap<>();
    for (int round = -WARM_UP; round < rounds; ++round) {
      List<Peer> order = new ArrayList<>(peers);
      if (round % 2 != 0) {
        Collections.reverse(order);
      }
      for (Peer peer : order) {
        System.gc();
        double taken = work.run(peer);
        if (round >= 0) {
          times.computeIfAbsent(peer.name, name -> new ArrayList<>()).add(taken);
        }
      }
    }
    Map<String, Double> medians = new LinkedHashMap<>();
    times.forEach((name, all) -> medians.put(name, all.stream().sorted().toList().get(all.size() / 2)));
    return medians;
  }

  private static void report(String title, double bar, Map<String, Double> times) {
    double ours = times.get("turdb");
    double theirs = times.get("sqlite-jdbc");
    String verdict = bar == 0 ? "" : String.format("   bar %.1fx: %s", bar, ours <= bar * theirs ? "holds" : "MISSED");
    System.out.printf("%-42s  turdb %8.0f ns   sqlite-jdbc %8.0f ns   %5.2fx%s%n", title, ours, theirs, ours / theirs, verdict);
  }

  public static void main(String[] arguments) throws Exception {
    for (int i = 0; i < arguments.length; ++i) {
      switch (arguments[i]) {
        case "-rows" -> rows = Integer.parseInt(arguments[++i]);
        case "-rounds" -> rounds = Integer.parseInt(arguments[++i]);
        case "-file" -> files = true;
        case "-wall" -> wall = true;
        default -> throw new IllegalArgumentException("there is no argument " + arguments[i]);
      }
    }
    folder = Files.createTempDirectory("turdb-bench-");
    List<Peer> peers = List.of(new Peer("turdb", "jdbc:turdb:"), new Peer("sqlite-jdbc", "jdbc:sqlite:"));
    for (Peer peer : peers) {
      peer.few = peer.open();
      fill(peer.few, FEW);
      var about = peer.few.getMetaData();
      System.out.printf("%s %s; ", about.getDriverName(), about.getDriverVersion());
    }
    System.out.printf("Java %s; medians of %d%n", System.getProperty("java.version"), rounds);
    report("prepared point select of 3 columns", 0.5, measure(peers, peer -> points(peer, true)));
    report("the same, prepared each time", 0, measure(peers, peer -> points(peer, false)));
    report("point update, one transaction", 0, measure(peers, Main::updates));
    report("insert a row: executeUpdate", 0, measure(peers, inserts(Main::fillOneByOne)));
    report("insert a row: batches of " + BATCH, 0.7, measure(peers, inserts(Main::fill)));
    report("read a row of 4 columns", 0.7, measure(peers, Main::read));
    for (Peer peer : peers) {
      peer.few.close();
      peer.large.close();
    }
    try (var all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }
}
