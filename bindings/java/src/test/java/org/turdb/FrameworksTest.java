package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jooq.impl.DSL.count;
import static org.jooq.impl.DSL.field;
import static org.jooq.impl.DSL.name;
import static org.jooq.impl.DSL.table;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Version;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;

/** A pool, a query builder and an object-relational mapping, unchanged, over the driver. */
class FrameworksTest {
  @Test
  void hikari() throws Exception {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(Databases.shared());
    config.setMaximumPoolSize(4);
    config.setConnectionTimeout(20000);
    try (HikariDataSource pool = new HikariDataSource(config)) {
      try (Connection connection = pool.getConnection()) {
        Databases.run(connection, "create table t(a int)");
        assertTrue(connection.isWrapperFor(TurdbConnection.class));
        assertNotNull(connection.unwrap(TurdbConnection.class).getSetting("threads"));
        connection.setAutoCommit(false);
        Databases.run(connection, "insert into t values (1)"); // left open: the pool rolls it back
      }
      ExecutorService threads = Executors.newFixedThreadPool(8);
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 8; ++i) {
        all.add(threads.submit(() -> {
          for (int j = 0; j < 50; ++j) {
            try (Connection connection = pool.getConnection()) {
              assertTrue(connection.getAutoCommit());
              Databases.run(connection, "insert into t values (2)");
            }
          }
          return null;
        }));
      }
      for (Future<?> one : all) {
        one.get();
      }
      threads.shutdown();
      try (Connection connection = pool.getConnection()) {
        assertEquals(400, Databases.number(connection, "select count(*) from t"));
        assertThrows(SQLException.class, () -> Databases.value(connection, "select nothing"));
        assertFalse(connection.isClosed()); // an error of SQL does not cost the connection
      }
    }
    TurdbDataSource source = new TurdbDataSource();
    source.setDatabase(":memory:");
    try (Connection connection = source.getConnection("nobody", "")) {
      assertTrue(connection.isValid(1));
    }
    Databases.fails(SQLNonTransientException.class, "HY024", () -> source.setUrl("jdbc:other:"));
  }

  @Test
  void jooq() throws Exception {
    System.setProperty("org.jooq.no-logo", "true");
    System.setProperty("org.jooq.no-tips", "true");
    try (TurdbConnection connection = Databases.memory()) {
      DSLContext db = DSL.using(connection, SQLDialect.POSTGRES);
      db.createTable("author").column("id", org.jooq.impl.SQLDataType.INTEGER.identity(true))
          .column("name", org.jooq.impl.SQLDataType.VARCHAR(100).notNull()).column("born", org.jooq.impl.SQLDataType.LOCALDATE)
          .primaryKey("id").execute();
      var author = table(name("author"));
      var id = field(name("id"), Integer.class);
      var called = field(name("name"), String.class);
      var born = field(name("born"), LocalDate.class);
      Integer key = db.insertInto(author, called, born).values("Ada", LocalDate.of(1815, 12, 10)).returningResult(id).fetchOne(id);
      assertEquals(1, key);
      db.batch(db.insertInto(author, called).values((String) null)).bind("Alan").bind("Grace").execute();
      assertEquals(3, db.fetchCount(author));
      assertEquals(LocalDate.of(1815, 12, 10), db.select(born).from(author).where(called.eq("Ada")).fetchOne(born));
      assertEquals(List.of("Ada", "Alan", "Grace"), db.select(called).from(author).orderBy(called).fetch(called));
      assertEquals(1, db.select(count()).from(author).where(born.isNotNull()).fetchOne(0, int.class));
      assertThrows(IllegalStateException.class, () -> db.transaction(inner -> {
        inner.dsl().deleteFrom(author).execute();
        throw new IllegalStateException("changed my mind");
      }));
      assertEquals(3, db.fetchCount(author));
      DataAccessException e = assertThrows(DataAccessException.class, () -> db.insertInto(author, id, called).values(1, "twice").execute());
      assertEquals("23505", e.sqlState());
    }
  }

  @Entity(name = "Shop")
  static class Shop {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;
    String name;
    Instant opened;
    @Version
    int version;
  }

  @Entity(name = "Item")
  static class Item {
    @Id
    @GeneratedValue
    Long id;
    UUID code;
    BigDecimal price;
    LocalDate since;
    boolean sold;
    byte[] picture;
    @ManyToOne
    Shop shop;
  }

  @Test
  void hibernate() throws Exception {
    Configuration configuration = new Configuration().addAnnotatedClass(Shop.class).addAnnotatedClass(Item.class)
        .setProperty("hibernate.connection.url", Databases.shared())
        .setProperty("hibernate.dialect", "org.hibernate.dialect.PostgreSQLDialect")
        .setProperty("hibernate.hbm2ddl.auto", "create")
        .setProperty("hibernate.jdbc.batch_size", "20")
        .setProperty("hibernate.connection.pool_size", "2");
    try (SessionFactory factory = configuration.buildSessionFactory()) {
      Instant opened = Instant.parse("2024-01-02T03:04:05.678901Z");
      UUID code = UUID.randomUUID();
      Long shopId = factory.fromTransaction(session -> {
        Shop shop = new Shop();
        shop.name = "Bücher";
        shop.opened = opened;
        session.persist(shop);
        for (int i = 0; i < 50; ++i) {
          Item item = new Item();
          item.code = i == 7 ? code : UUID.randomUUID();
          item.price = new BigDecimal(i + ".50");
          item.since = LocalDate.of(2024, 1, 1).plusDays(i);
          item.sold = i % 2 == 0;
          item.picture = new byte[] {(byte) i};
          item.shop = shop;
          session.persist(item);
        }
        return shop.id;
      });
      factory.inTransaction(session -> {
        Shop shop = session.find(Shop.class, shopId);
        assertEquals(opened, shop.opened);
        shop.name = "Bücher & mehr";
        Item item = session.createQuery("from Item where code = :code", Item.class).setParameter("code", code).getSingleResult();
        assertEquals(0, new BigDecimal("7.50").compareTo(item.price));
        assertEquals(7, item.picture[0]);
        assertEquals(shop, item.shop);
        session.remove(item);
      });
      factory.inTransaction(session -> {
        assertEquals(1, session.find(Shop.class, shopId).version);
        assertEquals(49L, session.createQuery("select count(*) from Item i join i.shop s where s.name like 'B%'", Long.class).getSingleResult());
        List<Object[]> groups = session.createQuery("select sold, sum(price), max(since) from Item group by sold order by sold", Object[].class)
            .setMaxResults(5).getResultList();
        assertEquals(2, groups.size());
        assertEquals(10, session.createQuery("from Item order by price desc", Item.class).setFirstResult(5).setMaxResults(10).getResultList().size());
      });
    }
  }
}
