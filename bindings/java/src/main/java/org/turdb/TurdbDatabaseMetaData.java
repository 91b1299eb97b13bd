package org.turdb;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.RowIdLifetime;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What is in a database, from the views of turdb_catalog and information_schema. There are schemas, and no catalogs. */
final class TurdbDatabaseMetaData extends DatabaseCapabilities {
  private static final String KEYWORDS = "ANALYZE,ASOF,BLOB,CLUSTER,CONCURRENTLY,COPY,DATABASE,EXPLAIN,GLOB,ILIKE,INDEX,ISNULL,LIMIT,NOTNULL,"
      + "OFFSET,PIVOT,PRAGMA,QUALIFY,REINDEX,RETURNING,SERIAL,SUMMARIZE,UNPIVOT,VACUUM,VECTOR";

  private final TurdbConnection connection;
  private final String url;

  TurdbDatabaseMetaData(TurdbConnection connection, String url) {
    this.connection = connection;
    this.url = url;
  }

  // ---- asking the catalog

  @FunctionalInterface
  private interface EachRow {
    void take(ResultSet row) throws SQLException;
  }

  private void each(String sql, EachRow each, Object... parameters) throws SQLException {
    try (TurdbPreparedStatement statement = new TurdbPreparedStatement(connection, sql, null, ResultSet.TYPE_FORWARD_ONLY)) {
      for (int i = 0; i < parameters.length; ++i) {
        statement.setObject(i + 1, parameters[i]);
      }
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          each.take(rows);
        }
      }
    }
  }

  /** A condition over names, with JDBC's patterns; null is everything. */
  private static final class Where {
    private final StringBuilder sql = new StringBuilder();
    private final List<Object> parameters = new ArrayList<>();

    Where like(String column, String pattern) {
      if (pattern != null && !pattern.equals("%")) {
        boolean exact = pattern.indexOf('%') < 0 && pattern.indexOf('_') < 0 && pattern.indexOf('\\') < 0;
        sql.append(" and ").append(column).append(exact ? " = ?" : " like ? escape '\\'");
        parameters.add(pattern);
      }
      return this;
    }

    Where is(String column, String name) {
      if (name != null) {
        sql.append(" and ").append(column).append(" = ?");
        parameters.add(name);
      }
      return this;
    }

    Object[] values() {
      return parameters.toArray();
    }
  }

  private RowBuilder rows(String columns) {
    return new RowBuilder(connection, columns);
  }

  // ---- schemas and tables

  @Override
  public ResultSet getSchemas() throws SQLException {
    return getSchemas(null, null);
  }

  @Override
  public ResultSet getSchemas(String catalog, String schemaPattern) throws SQLException {
    RowBuilder rows = rows("TABLE_SCHEM TABLE_CATALOG");
    Where where = new Where().like("schema_name", schemaPattern);
    each("select schema_name from turdb_catalog.schemas where true" + where.sql + " order by 1", row -> rows.add(row.getString(1), null),
        where.values());
    return rows.build();
  }

  @Override
  public ResultSet getCatalogs() throws SQLException {
    return rows("TABLE_CAT").build();
  }

  @Override
  public ResultSet getTableTypes() throws SQLException {
    RowBuilder rows = rows("TABLE_TYPE");
    for (String type : new String[] {"LOCAL TEMPORARY", "MATERIALIZED VIEW", "SYSTEM VIEW", "TABLE", "VIEW"}) {
      rows.add(type);
    }
    return rows.build();
  }

  @Override
  public ResultSet getTables(String catalog, String schemaPattern, String tablePattern, String[] types) throws SQLException {
    RowBuilder rows = rows("TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE REMARKS TYPE_CAT TYPE_SCHEM TYPE_NAME SELF_REFERENCING_COL_NAME "
        + "REF_GENERATION");
    Where where = new Where().like("t.schema_name", schemaPattern).like("t.table_name", tablePattern);
    List<String> wanted = types == null ? null : Arrays.asList(types);
    each("select t.schema_name, t.table_name, t.kind, t.comment, s.is_temporary from turdb_catalog.tables t "
        + "join turdb_catalog.schemas s on s.schema_name = t.schema_name where true" + where.sql, row -> {
          String kind = row.getString(3);
          String type = kind.equals("table") ? row.getBoolean(5) ? "LOCAL TEMPORARY" : "TABLE" : kind.toUpperCase(java.util.Locale.ROOT);
          if (wanted == null || wanted.contains(type)) {
            rows.add(null, row.getString(1), row.getString(2), type, row.getString(4), null, null, null, null, null);
          }
        }, where.values());
    rows.sort(3, 1, 2);
    return rows.build();
  }

  @Override
  public ResultSet getColumns(String catalog, String schemaPattern, String tablePattern, String columnPattern) throws SQLException {
    RowBuilder rows = rows("TABLE_CAT TABLE_SCHEM TABLE_NAME COLUMN_NAME DATA_TYPE# TYPE_NAME COLUMN_SIZE# BUFFER_LENGTH# DECIMAL_DIGITS# "
        + "NUM_PREC_RADIX# NULLABLE# REMARKS COLUMN_DEF SQL_DATA_TYPE# SQL_DATETIME_SUB# CHAR_OCTET_LENGTH# ORDINAL_POSITION# IS_NULLABLE "
        + "SCOPE_CATALOG SCOPE_SCHEMA SCOPE_TABLE SOURCE_DATA_TYPE# IS_AUTOINCREMENT IS_GENERATEDCOLUMN");
    Where where = new Where().like("c.schema_name", schemaPattern).like("c.table_name", tablePattern).like("c.column_name", columnPattern);
    each("select c.schema_name, c.table_name, c.column_name, c.position, c.data_type, c.is_nullable, c.default_sql, c.comment, "
        + "coalesce(i.is_identity, 'NO'), coalesce(i.is_generated, 'NEVER') from turdb_catalog.columns c left join "
        + "information_schema.columns i on i.table_schema = c.schema_name and i.table_name = c.table_name "
        + "and i.column_name = c.column_name where true" + where.sql + " order by 1, 2, 4", row -> {
          String declared = row.getString(5);
          int type = Type.of(declared);
          boolean nullable = row.getBoolean(6);
          boolean generated = !row.getString(10).equals("NEVER");
          String defaultSql = row.getString(7);
          boolean counts = row.getString(9).equals("YES") || defaultSql != null && defaultSql.startsWith("nextval(");
          int size = Type.precision(type, declared);
          rows.add(null, row.getString(1), row.getString(2), row.getString(3), Type.jdbc(type), Type.name(declared),
              size == 0 ? Integer.MAX_VALUE : size, null, Type.isNumber(type) ? Type.scale(type, declared) : null,
              type == Type.FLOAT || type == Type.DOUBLE ? 2 : 10, nullable ? columnNullable : columnNoNulls, row.getString(8),
              generated ? null : defaultSql, null, null, type == Type.TEXT ? Integer.MAX_VALUE : null, row.getInt(4),
              nullable ? "YES" : "NO", null, null, null, null, counts ? "YES" : "NO", generated ? "YES" : "NO");
        }, where.values());
    return rows.build();
  }

  @Override
  public ResultSet getPseudoColumns(String catalog, String schemaPattern, String tablePattern, String columnPattern) throws SQLException {
    return rows("TABLE_CAT TABLE_SCHEM TABLE_NAME COLUMN_NAME DATA_TYPE# COLUMN_SIZE# DECIMAL_DIGITS# NUM_PREC_RADIX# COLUMN_USAGE REMARKS "
        + "CHAR_OCTET_LENGTH# IS_NULLABLE").build();
  }

  // ---- keys and indexes

  @Override
  public ResultSet getPrimaryKeys(String catalog, String schema, String table) throws SQLException {
    RowBuilder rows = rows("TABLE_CAT TABLE_SCHEM TABLE_NAME COLUMN_NAME KEY_SEQ# PK_NAME");
    Where where = new Where().is("c.schema_name", schema).is("c.table_name", table);
    each("select c.schema_name, c.table_name, c.column_name, c.key_position, i.index_name from turdb_catalog.columns c "
        + "left join turdb_catalog.indexes i on i.schema_name = c.schema_name and i.table_name = c.table_name and i.is_primary "
        + "where c.key_position is not null" + where.sql + " order by c.column_name",
        row -> rows.add(null, row.getString(1), row.getString(2), row.getString(3), row.getInt(4), row.getString(5)), where.values());
    return rows.build();
  }

  @Override
  public ResultSet getBestRowIdentifier(String catalog, String schema, String table, int scope, boolean nullable) throws SQLException {
    RowBuilder rows = rows("SCOPE# COLUMN_NAME DATA_TYPE# TYPE_NAME COLUMN_SIZE# BUFFER_LENGTH# DECIMAL_DIGITS# PSEUDO_COLUMN#");
    Where where = new Where().is("schema_name", schema).is("table_name", table);
    each("select column_name, data_type from turdb_catalog.columns where key_position is not null" + where.sql
        + " order by schema_name, key_position", row -> {
          String declared = row.getString(2);
          int type = Type.of(declared);
          rows.add(bestRowSession, row.getString(1), Type.jdbc(type), Type.name(declared), Type.precision(type, declared), null,
              Type.scale(type, declared), bestRowNotPseudo);
        }, where.values());
    return rows.build();
  }

  @Override
  public ResultSet getVersionColumns(String catalog, String schema, String table) throws SQLException {
    return rows("SCOPE# COLUMN_NAME DATA_TYPE# TYPE_NAME COLUMN_SIZE# BUFFER_LENGTH# DECIMAL_DIGITS# PSEUDO_COLUMN#").build();
  }

  @Override
  public ResultSet getImportedKeys(String catalog, String schema, String table) throws SQLException {
    return references(new Where().is("fk.table_schema", schema).is("fk.table_name", table), 1);
  }

  @Override
  public ResultSet getExportedKeys(String catalog, String schema, String table) throws SQLException {
    return references(new Where().is("pk.table_schema", schema).is("pk.table_name", table), 5);
  }

  @Override
  public ResultSet getCrossReference(String parentCatalog, String parentSchema, String parentTable, String foreignCatalog,
      String foreignSchema, String foreignTable) throws SQLException {
    return references(new Where().is("pk.table_schema", parentSchema).is("pk.table_name", parentTable)
        .is("fk.table_schema", foreignSchema).is("fk.table_name", foreignTable), 5);
  }

  private ResultSet references(Where where, int sortFrom) throws SQLException {
    RowBuilder rows = rows("PKTABLE_CAT PKTABLE_SCHEM PKTABLE_NAME PKCOLUMN_NAME FKTABLE_CAT FKTABLE_SCHEM FKTABLE_NAME FKCOLUMN_NAME KEY_SEQ# "
        + "UPDATE_RULE# DELETE_RULE# FK_NAME PK_NAME DEFERRABILITY#");
    each("select pk.table_schema, pk.table_name, pk.column_name, fk.table_schema, fk.table_name, fk.column_name, fk.ordinal_position, "
        + "r.update_rule, r.delete_rule, r.constraint_name, r.unique_constraint_name, c.is_deferrable, c.initially_deferred "
        + "from information_schema.referential_constraints r "
        + "join information_schema.key_column_usage fk on fk.constraint_schema = r.constraint_schema "
        + "and fk.constraint_name = r.constraint_name "
        + "join information_schema.table_constraints c on c.constraint_schema = fk.constraint_schema "
        + "and c.constraint_name = fk.constraint_name and c.table_name = fk.table_name and c.constraint_type = 'FOREIGN KEY' "
        + "join information_schema.key_column_usage pk on pk.constraint_schema = r.unique_constraint_schema "
        + "and pk.constraint_name = r.unique_constraint_name and pk.ordinal_position = fk.position_in_unique_constraint "
        + "where true" + where.sql,
        row -> rows.add(null, row.getString(1), row.getString(2), row.getString(3), null, row.getString(4), row.getString(5),
            row.getString(6), row.getInt(7), rule(row.getString(8)), rule(row.getString(9)), row.getString(10), row.getString(11),
            row.getString(12).equals("NO") ? importedKeyNotDeferrable
                : row.getString(13).equals("YES") ? importedKeyInitiallyDeferred : importedKeyInitiallyImmediate),
        where.values());
    rows.sort(sortFrom, sortFrom + 1, 11, 8);
    return rows.build();
  }

  private static int rule(String name) {
    return switch (name) {
      case "CASCADE" -> importedKeyCascade;
      case "SET NULL" -> importedKeySetNull;
      case "SET DEFAULT" -> importedKeySetDefault;
      case "RESTRICT" -> importedKeyRestrict;
      default -> importedKeyNoAction;
    };
  }

  @Override
  public ResultSet getIndexInfo(String catalog, String schema, String table, boolean unique, boolean approximate) throws SQLException {
    RowBuilder rows = rows("TABLE_CAT TABLE_SCHEM TABLE_NAME NON_UNIQUE? INDEX_QUALIFIER INDEX_NAME TYPE# ORDINAL_POSITION# COLUMN_NAME "
        + "ASC_OR_DESC CARDINALITY# PAGES# FILTER_CONDITION");
    Where where = new Where().is("schema_name", schema).is("table_name", table);
    each("select schema_name, table_name, index_name, is_unique, is_primary, columns, sql from turdb_catalog.indexes where true"
        + (unique ? " and is_unique" : "") + where.sql, row -> {
          int position = 0;
          for (String part : parts(row.getString(6))) {
            boolean descends = part.toLowerCase(java.util.Locale.ROOT).endsWith(" desc");
            String column = descends ? part.substring(0, part.length() - 5) : part;
            rows.add(null, row.getString(1), row.getString(2), !row.getBoolean(4), null, row.getString(3),
                (int) (row.getBoolean(5) ? tableIndexClustered : tableIndexOther), ++position, column, descends ? "D" : "A", null, null,
                filter(row.getString(7)));
          }
        }, where.values());
    rows.sort(3, 6, 5, 7);
    return rows.build();
  }

  /** What follows WHERE in the SQL of an index. */
  private static String filter(String sql) {
    int where = sql == null ? -1 : sql.toLowerCase(java.util.Locale.ROOT).lastIndexOf(" where ");
    return where < 0 ? null : sql.substring(where + 7);
  }

  /** Splits at commas outside of parentheses and quotes. */
  private static List<String> parts(String columns) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < columns.length(); ++i) {
      char c = columns.charAt(i);
      int end = SqlText.skipQuoted(columns, i);
      if (end > i) {
        i = end - 1;
      } else if (c == '(') {
        ++depth;
      } else if (c == ')') {
        --depth;
      } else if (c == ',' && depth == 0) {
        parts.add(columns.substring(start, i).strip());
        start = i + 1;
      }
    }
    parts.add(columns.substring(start).strip());
    return parts;
  }

  // ---- types

  @Override
  public ResultSet getTypeInfo() throws SQLException {
    RowBuilder rows = rows("TYPE_NAME DATA_TYPE# PRECISION# LITERAL_PREFIX LITERAL_SUFFIX CREATE_PARAMS NULLABLE# CASE_SENSITIVE? SEARCHABLE# "
        + "UNSIGNED_ATTRIBUTE? FIXED_PREC_SCALE? AUTO_INCREMENT? LOCAL_TYPE_NAME MINIMUM_SCALE# MAXIMUM_SCALE# SQL_DATA_TYPE# "
        + "SQL_DATETIME_SUB# NUM_PREC_RADIX#");
    String[] names = {"boolean", "tinyint", "smallint", "integer", "bigint", "int128", "utinyint", "usmallint", "uinteger", "ubigint", "real",
        "double precision", "numeric", "text", "varchar", "blob", "date", "time", "timestamp", "timestamptz", "interval", "uuid", "json",
        "jsonb", "vector", "inet", "cidr", "macaddr", "bit", "any"};
    for (String name : names) {
      int type = Type.of(name);
      boolean number = Type.isNumber(type);
      boolean quoted = !number && type != Type.BOOL && type != Type.ANY;
      String parameters = switch (name) {
        case "numeric" -> "precision,scale";
        case "varchar", "bit" -> "length";
        case "vector" -> "dimensions";
        default -> null;
      };
      int precision = name.equals("numeric") ? 38 : Type.precision(type, name);
      boolean counts = type == Type.INT16 || type == Type.INT32 || type == Type.INT64;
      rows.add(name, Type.jdbc(type), precision == 0 ? Integer.MAX_VALUE : precision, quoted ? "'" : null, quoted ? "'" : null, parameters,
          typeNullable, type == Type.TEXT, typeSearchable, number && !Type.isSigned(type), false, counts, name, 0,
          name.equals("numeric") ? 38 : Type.scale(type, name), null, null, type == Type.FLOAT || type == Type.DOUBLE ? 2 : 10);
    }
    rows.sort(1, 0);
    return rows.build();
  }

  @Override
  public ResultSet getUDTs(String catalog, String schemaPattern, String typePattern, int[] types) throws SQLException {
    RowBuilder rows = rows("TYPE_CAT TYPE_SCHEM TYPE_NAME CLASS_NAME DATA_TYPE# REMARKS BASE_TYPE#");
    Where where = new Where().like("schema_name", schemaPattern).like("type_name", typePattern);
    each("select schema_name, type_name, kind, comment from turdb_catalog.types where true" + where.sql, row -> {
      int type = row.getString(3).contains("composite") ? Types.STRUCT : Types.DISTINCT;
      if (types == null || Arrays.stream(types).anyMatch(wanted -> wanted == type)) {
        rows.add(null, row.getString(1), row.getString(2), "java.lang.String", type, row.getString(4),
            type == Types.DISTINCT ? Types.VARCHAR : null);
      }
    }, where.values());
    rows.sort(4, 1, 2);
    return rows.build();
  }

  @Override
  public ResultSet getSuperTypes(String catalog, String schemaPattern, String typePattern) throws SQLException {
    return rows("TYPE_CAT TYPE_SCHEM TYPE_NAME SUPERTYPE_CAT SUPERTYPE_SCHEM SUPERTYPE_NAME").build();
  }

  @Override
  public ResultSet getSuperTables(String catalog, String schemaPattern, String tablePattern) throws SQLException {
    return rows("TABLE_CAT TABLE_SCHEM TABLE_NAME SUPERTABLE_NAME").build();
  }

  @Override
  public ResultSet getAttributes(String catalog, String schemaPattern, String typePattern, String attributePattern) throws SQLException {
    return rows("TYPE_CAT TYPE_SCHEM TYPE_NAME ATTR_NAME DATA_TYPE# ATTR_TYPE_NAME ATTR_SIZE# DECIMAL_DIGITS# NUM_PREC_RADIX# NULLABLE# REMARKS "
        + "ATTR_DEF SQL_DATA_TYPE# SQL_DATETIME_SUB# CHAR_OCTET_LENGTH# ORDINAL_POSITION# IS_NULLABLE SCOPE_CATALOG SCOPE_SCHEMA SCOPE_TABLE "
        + "SOURCE_DATA_TYPE#").build();
  }

  // ---- procedures, functions and privileges, which the catalog does not have

  @Override
  public ResultSet getProcedures(String catalog, String schemaPattern, String procedurePattern) throws SQLException {
    return rows("PROCEDURE_CAT PROCEDURE_SCHEM PROCEDURE_NAME RESERVED1 RESERVED2 RESERVED3 REMARKS PROCEDURE_TYPE# SPECIFIC_NAME").build();
  }

  @Override
  public ResultSet getProcedureColumns(String catalog, String schemaPattern, String procedurePattern, String columnPattern)
      throws SQLException {
    return rows("PROCEDURE_CAT PROCEDURE_SCHEM PROCEDURE_NAME COLUMN_NAME COLUMN_TYPE# DATA_TYPE# TYPE_NAME PRECISION# LENGTH# SCALE# RADIX# "
        + "NULLABLE# REMARKS COLUMN_DEF SQL_DATA_TYPE# SQL_DATETIME_SUB# CHAR_OCTET_LENGTH# ORDINAL_POSITION# IS_NULLABLE SPECIFIC_NAME")
            .build();
  }

  @Override
  public ResultSet getFunctions(String catalog, String schemaPattern, String functionPattern) throws SQLException {
    return rows("FUNCTION_CAT FUNCTION_SCHEM FUNCTION_NAME REMARKS FUNCTION_TYPE# SPECIFIC_NAME").build();
  }

  @Override
  public ResultSet getFunctionColumns(String catalog, String schemaPattern, String functionPattern, String columnPattern)
      throws SQLException {
    return rows("FUNCTION_CAT FUNCTION_SCHEM FUNCTION_NAME COLUMN_NAME COLUMN_TYPE# DATA_TYPE# TYPE_NAME PRECISION# LENGTH# SCALE# RADIX# "
        + "NULLABLE# REMARKS CHAR_OCTET_LENGTH# ORDINAL_POSITION# IS_NULLABLE SPECIFIC_NAME").build();
  }

  @Override
  public ResultSet getColumnPrivileges(String catalog, String schema, String table, String columnPattern) throws SQLException {
    return rows("TABLE_CAT TABLE_SCHEM TABLE_NAME COLUMN_NAME GRANTOR GRANTEE PRIVILEGE IS_GRANTABLE").build();
  }

  @Override
  public ResultSet getTablePrivileges(String catalog, String schemaPattern, String tablePattern) throws SQLException {
    return rows("TABLE_CAT TABLE_SCHEM TABLE_NAME GRANTOR GRANTEE PRIVILEGE IS_GRANTABLE").build();
  }

  @Override
  public ResultSet getClientInfoProperties() throws SQLException {
    return rows("NAME MAX_LEN# DEFAULT_VALUE DESCRIPTION").build();
  }

  // ---- what depends on the connection or on an argument

  @Override
  public Connection getConnection() {
    return connection;
  }

  @Override
  public String getURL() {
    return url;
  }

  @Override
  public boolean isReadOnly() throws SQLException {
    return connection.isReadOnly() || "true".equals(connection.getSetting("read_only"));
  }

  @Override
  public String getDatabaseProductVersion() {
    return TurdbDriver.libraryVersion();
  }

  @Override
  public String getDriverVersion() {
    return TurdbDriver.libraryVersion();
  }

  @Override
  public int getDriverMajorVersion() {
    return TurdbDriver.version(0);
  }

  @Override
  public int getDriverMinorVersion() {
    return TurdbDriver.version(1);
  }

  @Override
  public int getDatabaseMajorVersion() {
    return TurdbDriver.version(0);
  }

  @Override
  public int getDatabaseMinorVersion() {
    return TurdbDriver.version(1);
  }

  @Override
  public String getSQLKeywords() {
    return KEYWORDS;
  }

  @Override
  public boolean supportsTransactionIsolationLevel(int level) {
    return level == Connection.TRANSACTION_READ_UNCOMMITTED || level == Connection.TRANSACTION_READ_COMMITTED
        || level == Connection.TRANSACTION_REPEATABLE_READ || level == Connection.TRANSACTION_SERIALIZABLE;
  }

  @Override
  public boolean supportsResultSetType(int type) {
    return type == ResultSet.TYPE_FORWARD_ONLY || type == ResultSet.TYPE_SCROLL_INSENSITIVE;
  }

  @Override
  public boolean supportsResultSetConcurrency(int type, int concurrency) {
    return supportsResultSetType(type) && concurrency == ResultSet.CONCUR_READ_ONLY;
  }

  @Override
  public boolean supportsResultSetHoldability(int holdability) {
    return holdability == ResultSet.HOLD_CURSORS_OVER_COMMIT;
  }

  @Override
  public RowIdLifetime getRowIdLifetime() {
    return RowIdLifetime.ROWID_UNSUPPORTED;
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw Errors.misuse("the metadata are no " + type.getName());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }
}
