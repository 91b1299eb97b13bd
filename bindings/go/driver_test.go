package turdb_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"turdb"
)

func TestOpen(t *testing.T) {
	db := open(t, ":memory:?memory_limit=64MB&busy_timeout=123")
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	if got := scanOne[string](t, db, "show busy_timeout"); !strings.HasPrefix(got, "123") {
		t.Fatal(got)
	}
	// All connections of a sql.DB are of one database, in memory as well.
	mustExec(t, db, "create table t(a int)")
	one, _ := db.Conn(t.Context())
	defer one.Close()
	two, _ := db.Conn(t.Context())
	defer two.Close()
	mustExec(t, one, "insert into t values (1)")
	if scanOne[int](t, two, "select count(*) from t") != 1 {
		t.Fatal("another database")
	}
	if turdb.Options()["memory_limit"] == "" || turdb.Version() == "" || turdb.SourceID() == "" {
		t.Fatal("nothing is described")
	}
}

func TestOpenErrors(t *testing.T) {
	if _, err := sql.Open("turdb", ":memory:?no_such_option=1"); !errors.Is(err, turdb.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := sql.Open("turdb", ":memory:?busy_timeout=x"); !errors.Is(err, turdb.ErrData) {
		t.Fatal(err)
	}
	if _, err := sql.Open("turdb", "a\x00b"); !errors.Is(err, turdb.ErrMisuse) {
		t.Fatal(err)
	}
	if _, err := sql.Open("turdb", "x?%zz"); err == nil {
		t.Fatal("options that cannot be read")
	}
	db := open(t, filepath.Join(t.TempDir(), "none")+"?create=false")
	if err := db.Ping(); !errors.Is(err, turdb.ErrNotFound) {
		t.Fatal(err)
	}
}

func TestDriverOpen(t *testing.T) {
	conn, err := turdb.Driver{}.Open(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.(*turdb.Conn).Exec(t.Context(), "create table t(a int)"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*turdb.Conn).Checkpoint(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal("closing twice:", err)
	}
}

func TestResults(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(id integer primary key, a text)")
	result := mustExec(t, db, "insert into t(a) values ('x'), ('y')")
	if id, _ := result.LastInsertId(); id != 2 {
		t.Fatal(id)
	}
	if count, _ := result.RowsAffected(); count != 2 {
		t.Fatal(count)
	}
	if count, _ := mustExec(t, db, "select * from t").RowsAffected(); count != 0 {
		t.Fatal(count)
	}
	if count, _ := mustExec(t, db, "").RowsAffected(); count != 0 {
		t.Fatal(count)
	}
	// Several statements: arguments go to them in order, changes are added up.
	result = mustExec(t, db, "insert into t(a) values (?); update t set a = ? where id = ?; -- done\n", "z", "w", 1)
	if count, _ := result.RowsAffected(); count != 2 {
		t.Fatal(count)
	}
	if got := scanOne[string](t, db, "select string_agg(a, '' order by id) from t"); got != "wyz" {
		t.Fatal(got)
	}
	_, err := db.Exec("insert into t(a) values (1); selekt")
	var e *turdb.Error
	if !errors.As(err, &e) || e.Position != 29 {
		t.Fatalf("the position is one in the whole text: %v", err)
	}
}

func TestResultSets(t *testing.T) {
	db := open(t, ":memory:")
	rows, err := db.Query("create table t(a int); insert into t values (1), (2); select a from t order by a; select ?::text as b, 'c'; delete from t;", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var numbers []int
	for rows.Next() {
		var a int
		if err := rows.Scan(&a); err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, a)
	}
	if !reflect.DeepEqual(numbers, []int{1, 2}) || !rows.NextResultSet() {
		t.Fatal(numbers, rows.Err())
	}
	var b, c string
	if !rows.Next() || rows.Scan(&b, &c) != nil || b != "x" || c != "c" || rows.Next() {
		t.Fatal(b, c, rows.Err())
	}
	if columns, _ := rows.Columns(); !reflect.DeepEqual(columns, []string{"b", "?column?"}) {
		t.Fatal(columns)
	}
	if rows.NextResultSet() {
		t.Fatal("a third result set")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if scanOne[int](t, db, "select count(*) from t") != 0 {
		t.Fatal("what comes behind the last result set has run")
	}
}

func TestColumnTypes(t *testing.T) {
	db := open(t, ":memory:")
	rows, err := db.Query(`select 1::bigint as a, 'x'::varchar(7) as b, 1.50::decimal(10,2) as c, now() as d, 'y'::text as e,
		array[1] as f, 2.5::numeric as g, '[1,2]'::vector(2) as h`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, column := range types {
		length, hasLength := column.Length()
		precision, scale, isDecimal := column.DecimalSize()
		_, nullable := column.Nullable()
		fmt.Fprintln(&text, column.Name(), column.DatabaseTypeName(), column.ScanType(), length, hasLength, precision, scale, isDecimal, nullable)
	}
	const unlimited = math.MaxInt64
	expected := fmt.Sprintf(`a BIGINT int64 0 false 0 0 false false
b CHARACTER VARYING string 7 true 0 0 false false
c NUMERIC string 0 false 10 2 true false
d TIMESTAMP WITH TIME ZONE time.Time 0 false 0 0 false false
e TEXT string %[1]d true 0 0 false false
f INTEGER[] []interface {} 0 false 0 0 false false
g NUMERIC string 0 false %[1]d %[1]d true false
h VECTOR []float32 0 false 0 0 false false
`, unlimited)
	if text.String() != expected {
		t.Fatalf("got\n%s", text.String())
	}
}

func TestPrepared(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(a bigint, b text)")
	insert, err := db.Prepare("insert into t values (?, ?) -- a comment")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if _, err := insert.Exec(i, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Prepare("select 1; select 2"); !errors.Is(err, turdb.SQLState("42601")) {
		t.Fatal(err)
	}
	if _, err := db.Prepare("selekt"); !errors.Is(err, turdb.ErrSQL) {
		t.Fatal(err)
	}
	empty, err := db.Prepare(" -- nothing")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := empty.Exec(); err != nil {
		t.Fatal(err)
	}
	if err := empty.Close(); err != nil {
		t.Fatal(err)
	}
	// One statement read twice at once, which is another one below.
	conn, _ := db.Conn(t.Context())
	defer conn.Close()
	statement, err := conn.PrepareContext(t.Context(), "select a from t where a >= $1 order by a")
	if err != nil {
		t.Fatal(err)
	}
	defer statement.Close()
	outer, err := statement.Query(7)
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for outer.Next() {
		var a, b int
		_ = outer.Scan(&a)
		inner, err := statement.Query(a)
		if err != nil {
			t.Fatal(err)
		}
		for inner.Next() {
			_ = inner.Scan(&b)
			pairs = append(pairs, fmt.Sprint(a, b))
		}
		inner.Close()
	}
	if strings.Join(pairs, ",") != "7 7,7 8,7 9,8 8,8 9,9 9" || outer.Err() != nil {
		t.Fatal(pairs, outer.Err())
	}
	// A statement that is closed while its rows are read, and prepared again: nobody else gets it meanwhile.
	const text = "select a from t where a >= 0 order by a"
	closed, _ := conn.PrepareContext(t.Context(), text)
	rows, err := closed.Query()
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for rows.Next() {
	}
	rows.Close()
	again, _ := conn.PrepareContext(t.Context(), text)
	defer again.Close()
	for range 2 {
		if got := scanAll(t, again); got != "0123456789" {
			t.Fatal(got)
		}
		if got := scanOne[int](t, conn, text+" limit 1"); got != 0 {
			t.Fatal(got)
		}
		third, err := conn.QueryContext(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		third.Next()
		if got := scanAll(t, again); got != "0123456789" {
			t.Fatal(got)
		}
		third.Close()
	}
	// A statement outlives changes of its table.
	all, _ := conn.PrepareContext(t.Context(), "select * from t where a = 1")
	defer all.Close()
	mustExec(t, conn, "alter table t add column c text default 'new'")
	var a int
	var b, c string
	if err := all.QueryRow().Scan(&a, &b, &c); err != nil || c != "new" {
		t.Fatal(c, err)
	}
}

func scanAll(t *testing.T, statement *sql.Stmt) string {
	t.Helper()
	rows, err := statement.Query()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var text string
	for rows.Next() {
		var a string
		if err := rows.Scan(&a); err != nil {
			t.Fatal(err)
		}
		text += a
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestNamedParameters(t *testing.T) {
	db := open(t, ":memory:")
	var a int
	var b string
	err := db.QueryRow("select :a::int + :a::int, @b::text", sql.Named("b", "x"), sql.Named("a", 2)).Scan(&a, &b)
	if err != nil || a != 4 || b != "x" {
		t.Fatal(a, b, err)
	}
	for _, arguments := range [][]any{{sql.Named("a", 1)}, {sql.Named("a", 1), sql.Named("b", 1), sql.Named("c", 1)}} {
		if err := db.QueryRow("select :a, :b", arguments...).Scan(&a, &a); !errors.Is(err, turdb.SQLState("07001")) {
			t.Fatal(err)
		}
	}
}

func TestWrongNumberOfArguments(t *testing.T) {
	db := open(t, ":memory:")
	prepared, err := db.Prepare("select ?::int, ?::int")
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	for _, arguments := range [][]any{{}, {1}, {1, 2, 3}} {
		_, err := db.Exec("select ?::int, ?::int", arguments...)
		if !errors.Is(err, turdb.ErrMisuse) || !strings.Contains(err.Error(), fmt.Sprintf("expected 2 arguments, got %d", len(arguments))) {
			t.Fatal(err)
		}
		if _, err := db.Query("select ?::int, ?::int", arguments...); !errors.Is(err, turdb.SQLState("07001")) {
			t.Fatal(err)
		}
		if _, err := prepared.Exec(arguments...); err == nil || !strings.Contains(err.Error(), "expected 2 arguments") {
			t.Fatal(err)
		}
	}
}

func TestTransactions(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(a int primary key)")
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, tx, "insert into t values (1)")
	if scanOne[int](t, db, "select count(*) from t") != 0 {
		t.Fatal("seen before its commit")
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	tx, _ = db.Begin()
	mustExec(t, tx, "insert into t values (2)")
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if scanOne[int](t, db, "select count(*) from t") != 1 {
		t.Fatal("committed, or rolled back, wrongly")
	}
	if err := tx.Commit(); !errors.Is(err, sql.ErrTxDone) {
		t.Fatal(err)
	}

	for level, name := range map[sql.IsolationLevel]string{sql.LevelDefault: "", sql.LevelReadUncommitted: "", sql.LevelReadCommitted: "",
		sql.LevelRepeatableRead: "repeatable read", sql.LevelSnapshot: "repeatable read", sql.LevelSerializable: "serializable"} {
		tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: level})
		if err != nil {
			t.Fatal(level, err)
		}
		if got := scanOne[string](t, tx, "show transaction_isolation"); name != "" && got != name {
			t.Fatalf("%v is %s", level, got)
		}
		_ = tx.Rollback()
	}
	for _, level := range []sql.IsolationLevel{sql.LevelLinearizable, sql.LevelWriteCommitted, 99} {
		if _, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: level}); !errors.Is(err, turdb.ErrUnsupported) {
			t.Fatal(level, err)
		}
	}
	tx, err = db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("insert into t values (3)"); !errors.Is(err, turdb.ErrReadOnly) {
		t.Fatal(err)
	}
	_ = tx.Rollback()
}

// Serializable transactions that cannot be put in an order: the error says that running again can succeed.
func TestConflict(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(a int primary key, b int); insert into t values (1, 0), (2, 0)")
	options := &sql.TxOptions{Isolation: sql.LevelSerializable}
	one, _ := db.BeginTx(t.Context(), options)
	two, _ := db.BeginTx(t.Context(), options)
	scanOne[int](t, one, "select b from t where a = 1")
	scanOne[int](t, two, "select b from t where a = 2")
	mustExec(t, one, "update t set b = 1 where a = 2")
	mustExec(t, two, "update t set b = 1 where a = 1")
	first, second := one.Commit(), two.Commit()
	if first != nil || !errors.Is(second, turdb.ErrConflict) {
		t.Fatal(first, second)
	}
	var e *turdb.Error
	if !errors.As(second, &e) || !e.CanRetry || e.SQLState() != "40001" {
		t.Fatal(second)
	}
}

// A transaction that SQL has begun and left open does not meet who gets the connection next.
func TestResetSession(t *testing.T) {
	db := open(t, ":memory:")
	db.SetMaxOpenConns(1)
	mustExec(t, db, "create table t(a int)")
	mustExec(t, db, "begin")
	mustExec(t, db, "insert into t values (1)") // outside: the begin was rolled back
	if err := withConn(t, db, func(conn *turdb.Conn) error {
		if conn.InTransaction() {
			t.Error("a transaction is left")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if scanOne[int](t, db, "select count(*) from t") != 1 {
		t.Fatal("the row is lost")
	}
}

func TestErrors(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(a int primary key, b int not null)")
	mustExec(t, db, "insert into t values (1, 1)")
	_, err := db.Exec("insert into t values (1, 1)")
	var e *turdb.Error
	if !errors.As(err, &e) || !errors.Is(err, turdb.ErrConstraint) || !errors.Is(err, turdb.SQLState("23505")) || errors.Is(err, turdb.ErrData) {
		t.Fatal(err)
	}
	if e.Code.String() != "TURDB_CONSTRAINT" || e.Message == "" || e.CanRetry {
		t.Fatalf("%+v", e)
	}
	var state interface{ SQLState() string }
	if !errors.As(err, &state) || state.SQLState() != "23505" {
		t.Fatal("no SQLState()")
	}
	_, err = db.Query("select nothing from t")
	if !errors.As(err, &e) || e.Position != 7 || !strings.Contains(err.Error(), "at byte 7") || !strings.Contains(err.Error(), "42703") {
		t.Fatal(err)
	}
	_, err = db.Query("select * from tt")
	if !errors.As(err, &e) || e.State != "42P01" {
		t.Fatal(err)
	}
	// An error behind rows that were given.
	rows, err := db.Query("select 1 / (100000 - i) from generate_series(1, 100000) g(i)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
	}
	if !errors.Is(rows.Err(), turdb.SQLState("22012")) {
		t.Fatal(rows.Err())
	}
	if text := turdb.ErrBusy.Error() + turdb.SQLState("57014").Error(); text != "turdb: TURDB_BUSYturdb: SQLSTATE 57014" {
		t.Fatal(text)
	}
}

func TestUseAfterClose(t *testing.T) {
	db, err := sql.Open("turdb", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "create table t(a int); insert into t select i from generate_series(1, 100000) g(i)")
	conn, _ := db.Conn(t.Context())
	statement, err := conn.PrepareContext(t.Context(), "select a from t")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := statement.Query()
	if err != nil {
		t.Fatal(err)
	}
	rows.Next()
	var native *turdb.Conn
	_ = conn.Raw(func(c any) error { native = c.(*turdb.Conn); return nil })
	appender, err := native.NewAppender("t")
	if err != nil {
		t.Fatal(err)
	}
	other, _ := native.Prepare("select 1")
	// The connection is closed below all of them.
	if err := native.Close(); err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
	}
	if !errors.Is(rows.Err(), turdb.ErrMisuse) {
		t.Fatal(rows.Err())
	}
	if _, err := statement.Query(); !errors.Is(err, turdb.ErrMisuse) {
		t.Fatal(err)
	}
	if err := appender.AppendRow(1); err != nil {
		t.Fatal(err)
	}
	if err := appender.Close(); !errors.Is(err, turdb.ErrMisuse) {
		t.Fatal(err)
	}
	if err := appender.AppendRow(1); !errors.Is(err, turdb.ErrMisuse) {
		t.Fatal(err)
	}
	if native.IsValid() || native.ResetSession(t.Context()) != driver.ErrBadConn {
		t.Fatal("a closed connection is valid")
	}
	if _, err := native.BeginTx(t.Context(), driver.TxOptions{}); !errors.Is(err, turdb.ErrMisuse) {
		t.Fatal(err)
	}
	for _, err := range []error{other.Close(), other.Close(), rows.Close(), statement.Close(), conn.Close(), appender.Close()} {
		if err != nil && !errors.Is(err, turdb.ErrMisuse) && !errors.Is(err, driver.ErrBadConn) {
			t.Fatal(err)
		}
	}
	// The pool drops it and goes on.
	if scanOne[int](t, db, "select count(*) from t") != 100000 {
		t.Fatal("the pool gave a closed connection")
	}
	last, _ := db.Conn(t.Context())
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := last.ExecContext(t.Context(), "select 1"); err == nil {
		t.Fatal("a statement ran on a closed database")
	}
	last.Close()
	if err := db.Ping(); err == nil {
		t.Fatal("a closed database answers")
	}
}

// database/sql closes the Connector, and with it the database, whose files others may open then.
func TestCloseUnlocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "database")
	for i := range 3 {
		db, err := sql.Open("turdb", path)
		if err != nil {
			t.Fatal(err)
		}
		mustExec(t, db, "create table if not exists t(a int); insert into t values (1)")
		if got := scanOne[int](t, db, "select count(*) from t"); got != i+1 {
			t.Fatal(got)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := turdb.NewConnector(path, map[string]string{"read_only": "true"})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBackup(t *testing.T) {
	db := open(t, "file")
	mustExec(t, db, "create table t(a int, b text); insert into t select i, repeat('x', 100) from generate_series(1, 10000) g(i)")
	path := filepath.Join(t.TempDir(), "copy")
	var seen int64
	err := withConn(t, db, func(conn *turdb.Conn) error {
		if problems, err := conn.Check(); err != nil || len(problems) != 0 {
			t.Error(problems, err)
		}
		if conn.MemoryUsed() <= 0 {
			t.Error("no memory is used")
		}
		if err := conn.Checkpoint(); err != nil {
			return err
		}
		return conn.Backup(t.Context(), path, func(done, total int64) { seen = done })
	})
	if err != nil || seen == 0 {
		t.Fatal(err, seen)
	}
	if got := scanOne[int](t, open(t, path), "select count(*) from t"); got != 10000 {
		t.Fatal(got)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	err = withConn(t, db, func(conn *turdb.Conn) error { return conn.Backup(cancelled, path+"2", nil) })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, _, err := turdb.Recover(path+"3", path+"4"); !errors.Is(err, turdb.ErrNotFound) {
		t.Fatal(err)
	}
}

// A page of a table is overwritten: Check and Recover say what they found.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "damaged")
	db := open(t, path)
	mustExec(t, db, "create table t(a int, b text); insert into t select i, repeat('x', 1000) from generate_series(1, 3000) g(i)")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if rows, lost, err := turdb.Recover(path, path+"-whole"); err != nil || rows != 3000 || len(lost) != 0 {
		t.Fatal(rows, lost, err)
	}
	largest, size := "", int64(0)
	err := filepath.WalkDir(path, func(file string, entry os.DirEntry, err error) error {
		if info, failed := entry.Info(); failed == nil && strings.HasSuffix(file, ".tbd") && info.Size() > size {
			largest, size = file, info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(largest)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[40*16384:], bytes.Repeat([]byte{7}, 16384))
	if err := os.WriteFile(largest, content, 0o600); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	err = withConn(t, db, func(conn *turdb.Conn) error {
		problems, err := conn.Check()
		if err == nil && (len(problems) == 0 || problems[0] == "") {
			t.Errorf("%q", problems)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	rows, lost, err := turdb.Recover(path, path+"-saved")
	if err != nil || rows < 2000 || rows >= 3000 || len(lost) == 0 || lost[0] == "" {
		t.Fatal(rows, lost, err)
	}
}
