package turdb_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"turdb"
)

// The suite of all bindings (tests/conformance): every case prints, byte for byte, what the C runner prints.

const conformanceFolder = "../../tests/conformance"

// ---- values

func escape(text string) string {
	var out strings.Builder
	for _, c := range text {
		switch {
		case c == '\\':
			out.WriteString(`\\`)
		case c == '\t':
			out.WriteString(`\t`)
		case c == '\n':
			out.WriteString(`\n`)
		case c == '\r':
			out.WriteString(`\r`)
		case c < 32 || c == 127:
			fmt.Fprintf(&out, `\x%02x`, c)
		default:
			out.WriteRune(c)
		}
	}
	return out.String()
}

func showSized(data, shown string) string {
	if len(data) > 256 {
		return fmt.Sprintf("*%d:%08x", len(data), crc32.ChecksumIEEE([]byte(data)))
	}
	return ":" + shown
}

// kindOf is the canonical name of a column's type.
func kindOf(database string) string {
	if strings.HasSuffix(database, "[]") {
		return "array"
	}
	kinds := map[string]string{"BOOLEAN": "bool", "TINYINT": "int8", "SMALLINT": "int16", "INTEGER": "int32", "BIGINT": "int64",
		"INT128": "int128", "HUGEINT": "int128", "UTINYINT": "uint8", "USMALLINT": "uint16", "UINTEGER": "uint32", "UBIGINT": "uint64", "REAL": "float",
		"DOUBLE PRECISION": "double", "DECIMAL": "decimal", "NUMERIC": "decimal", "TEXT": "text", "VARCHAR": "text", "CHAR": "text",
		"CHARACTER VARYING": "text", "CHARACTER": "text", "BYTEA": "blob", "BLOB": "blob", "DATE": "date",
		"TIME": "time", "TIME WITHOUT TIME ZONE": "time", "TIMESTAMP": "timestamp", "TIMESTAMP WITHOUT TIME ZONE": "timestamp",
		"TIMESTAMP WITH TIME ZONE": "timestamptz", "TIMESTAMPTZ": "timestamptz", "INTERVAL": "interval", "UUID": "uuid", "ANY": "any",
		"JSON": "json", "JSONB": "jsonb", "": "null", "NULL": "null"}
	if kind, known := kinds[database]; known {
		return kind
	}
	return "enum" // called as the user said
}

func showInterval(i turdb.Interval) string {
	const day = 86_400_000_000
	whole, rest := i.Micros/day, i.Micros%day
	if rest < 0 {
		rest, whole = rest+day, whole-1
	}
	return fmt.Sprintf("interval:%d %d %d", i.Months, int64(i.Days)+whole, rest)
}

// showLoose shows what says its own type.
func showLoose(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprintf("bool:%t", value)
	case int64, uint64, *big.Int:
		return fmt.Sprintf("int:%v", value)
	case float64:
		return fmt.Sprintf("double:%016x", math.Float64bits(value))
	case string:
		return "text" + showSized(value, escape(value))
	case turdb.Decimal:
		return "decimal" + showSized(string(value), string(value))
	case turdb.JSON:
		return "json" + showSized(string(value), escape(string(value)))
	case []byte:
		return "blob" + showSized(string(value), hex.EncodeToString(value))
	case turdb.Date:
		return fmt.Sprintf("date:%d", int32(value))
	case turdb.TimeOfDay:
		return fmt.Sprintf("time:%d", int64(value))
	case turdb.Timestamp:
		return fmt.Sprintf("timestamp:%d", int64(value))
	case time.Time:
		return fmt.Sprintf("timestamptz:%d", value.UnixMicro())
	case turdb.Interval:
		return showInterval(value)
	case turdb.UUID:
		return "uuid:" + value.String()
	case []any:
		parts := make([]string, len(value))
		for i := range value {
			parts[i] = showLoose(value[i])
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return fmt.Sprintf("unknown:%T", value)
}

// scanned is a destination that fits the kind.
func scanned(kind string) any {
	switch kind {
	case "date":
		return new(sql.Null[turdb.Date])
	case "time":
		return new(sql.Null[turdb.TimeOfDay])
	case "timestamp", "timestamptz":
		return new(sql.Null[turdb.Timestamp])
	case "float", "double":
		return new(sql.NullFloat64)
	case "interval":
		return new(sql.Null[turdb.Interval])
	case "bool":
		return new(sql.NullBool)
	case "any", "array":
		return new(any)
	case "blob":
		return new([]byte)
	}
	return new(sql.NullString)
}

func show(kind string, destination any) string {
	switch value := destination.(type) {
	case *sql.Null[turdb.Date]:
		if value.Valid {
			return showLoose(value.V)
		}
	case *sql.Null[turdb.TimeOfDay]:
		if value.Valid {
			return showLoose(value.V)
		}
	case *sql.Null[turdb.Timestamp]:
		if value.Valid {
			return fmt.Sprintf("%s:%d", kind, int64(value.V))
		}
	case *sql.NullFloat64:
		if value.Valid && kind == "float" {
			return fmt.Sprintf("float:%08x", math.Float32bits(float32(value.Float64)))
		} else if value.Valid {
			return showLoose(value.Float64)
		}
	case *sql.Null[turdb.Interval]:
		if value.Valid {
			return showInterval(value.V)
		}
	case *sql.NullBool:
		if value.Valid {
			return showLoose(value.Bool)
		}
	case *[]byte:
		if *value != nil {
			return showLoose(*value)
		}
	case *any:
		if *value != nil && kind == "array" {
			return "array:" + showLoose(*value)
		}
		return showLoose(*value)
	case *sql.NullString:
		if value.Valid {
			return kind + showSized(value.String, escape(value.String))
		}
	}
	return "null"
}

func parse(t *testing.T, tagged string) any {
	if tagged == "null" {
		return nil
	}
	tag, text, _ := strings.Cut(tagged, ":")
	if kind, times, repeated := strings.Cut(tag, "*"); repeated {
		count, _ := strconv.Atoi(times)
		tag, text = kind, strings.Repeat(text, count)
	}
	integer := func(text string) int64 {
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	switch tag {
	case "bool":
		return text == "true"
	case "int64":
		return integer(text)
	case "int128":
		value, _ := new(big.Int).SetString(text, 10)
		return value
	case "double":
		bits, _ := strconv.ParseUint(text, 16, 64)
		return math.Float64frombits(bits)
	case "decimal":
		return turdb.Decimal(text)
	case "text":
		return text
	case "json":
		return turdb.JSON(text)
	case "blob":
		bytes, _ := hex.DecodeString(text)
		return bytes
	case "date":
		return turdb.Date(integer(text))
	case "time":
		return turdb.TimeOfDay(integer(text))
	case "timestamp":
		return turdb.Timestamp(integer(text))
	case "timestamptz":
		return time.UnixMicro(integer(text))
	case "interval":
		parts := strings.Fields(text)
		return turdb.Interval{Months: int32(integer(parts[0])), Days: int32(integer(parts[1])), Micros: integer(parts[2])}
	case "uuid":
		var value turdb.UUID
		if err := value.Scan(text); err != nil {
			t.Fatal(err)
		}
		return value
	case "array":
		elements := []any{}
		for _, element := range strings.Split(text[1:len(text)-1], ",") {
			elements = append(elements, parse(t, element))
		}
		return elements
	}
	t.Fatalf("a parameter of type %s", tag)
	return nil
}

// ---- steps

type conformanceStep struct {
	On      string
	Do      *string
	With    []string
	Named   map[string]string
	Many    *string
	Rows    [][]string
	Start   *string
	Blocked int
	Cancel  bool
	Await   bool
	Close   bool
	Arrow   *string
	To, As  string
}

type conformanceCase struct {
	File    bool
	Options map[string]string
	Steps   []conformanceStep
}

func showError(t *testing.T, err error, query string) []string {
	var e *turdb.Error
	if !errors.As(err, &e) {
		t.Fatalf("%q: an error that is no turdb.Error: %v", query, err)
	}
	position, retry := "-", "-"
	if e.Position >= 0 {
		position = strconv.Itoa(utf8.RuneCountInString(query[:min(e.Position, len(query))]))
	}
	if e.CanRetry {
		retry = "retry"
	}
	return []string{fmt.Sprintf("error\t%s\t%s\t%s\t%s", e.Code.String(), string(e.State), position, retry)}
}

type session struct {
	conn   *sql.Conn
	cancel context.CancelFunc
	done   chan struct{}
	output []string
}

func (s *session) raw(use func(conn *turdb.Conn) error) error {
	return s.conn.Raw(func(conn any) error { return use(conn.(*turdb.Conn)) })
}

func isChange(query string) bool {
	return slices.ContainsFunc([]string{"insert", "update", "delete", "merge", "copy", "replace"},
		func(word string) bool { return strings.HasPrefix(query, word) })
}

func (s *session) run(t *testing.T, ctx context.Context, query string, step conformanceStep) []string {
	var arguments []any
	for _, value := range step.With {
		arguments = append(arguments, parse(t, value))
	}
	for name, value := range step.Named {
		arguments = append(arguments, sql.Named(name, parse(t, value)))
	}
	// What returns rows is for Query, what does not for Exec: only that knows how many rows changed. RETURNING counts its rows.
	rows, err := s.conn.QueryContext(ctx, query, arguments...)
	if err != nil {
		return showError(t, err, query)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	done, count := "done", 0
	if len(types) > 0 {
		line := "columns"
		destinations := make([]any, len(types))
		kinds := make([]string, len(types))
		for i, column := range types {
			kinds[i] = kindOf(column.DatabaseTypeName())
			line += "\t" + escape(column.Name()) + ":" + kinds[i]
		}
		lines = append(lines, line)
		for rows.Next() {
			for i := range destinations {
				destinations[i] = scanned(kinds[i])
			}
			if err := rows.Scan(destinations...); err != nil {
				t.Fatalf("%q: %v", query, err)
			}
			line := "row"
			for i := range destinations {
				line += "\t" + show(kinds[i], destinations[i])
			}
			lines = append(lines, line)
			count++
		}
		done += fmt.Sprintf("\trows=%d", count)
	}
	if err := rows.Err(); err != nil {
		return showError(t, err, query)
	}
	rows.Close()
	if isChange(query) {
		var changes int64
		_ = s.raw(func(conn *turdb.Conn) error { changes = conn.Changes(); return nil })
		done += fmt.Sprintf("\tchanges=%d", changes)
	}
	return append(lines, done)
}

func (s *session) runMany(t *testing.T, query string, rows [][]string) []string {
	var each iter.Seq[[]any] = func(yield func([]any) bool) {
		for _, row := range rows {
			values := make([]any, len(row))
			for i := range row {
				values[i] = parse(t, row[i])
			}
			if !yield(values) {
				return
			}
		}
	}
	var changes int64
	err := s.raw(func(conn *turdb.Conn) (err error) {
		changes, err = conn.ExecBatch(t.Context(), query, each)
		return err
	})
	if err != nil {
		return showError(t, err, query)
	}
	return []string{fmt.Sprintf("done\tchanges=%d", changes)}
}

func (s *session) handOver(t *testing.T, query string, to *session, name string) []string {
	var stream *turdb.ArrowStream
	err := s.raw(func(conn *turdb.Conn) (err error) {
		stream, err = conn.QueryArrow(context.Background(), 0, query)
		return err
	})
	if err == nil {
		err = to.raw(func(conn *turdb.Conn) error { return conn.RegisterArrow(name, stream) })
	}
	if err != nil {
		return showError(t, err, query)
	}
	return []string{"registered"}
}

func (s *session) step(t *testing.T, step conformanceStep, sessions map[string]*session) []string {
	switch {
	case step.Arrow != nil:
		return s.handOver(t, *step.Arrow, sessions[step.To], step.As)
	case step.Do != nil:
		return s.run(t, context.Background(), *step.Do, step)
	case step.Many != nil:
		return s.runMany(t, *step.Many, step.Rows)
	case step.Start != nil:
		var ctx context.Context
		ctx, s.cancel = context.WithCancel(context.Background())
		s.done = make(chan struct{})
		go func() {
			defer close(s.done)
			s.output = s.run(t, ctx, *step.Start, step)
		}()
		return []string{"started"}
	case step.Blocked > 0:
		select {
		case <-s.done:
			return []string{"it is done"}
		case <-time.After(time.Duration(step.Blocked) * time.Millisecond):
			return []string{"blocked"}
		}
	case step.Cancel:
		s.cancel()
		<-s.done
		return []string{"cancelled"}
	case step.Await:
		<-s.done
		s.cancel()
		return s.output
	case step.Close:
		if err := s.raw(func(conn *turdb.Conn) error { return conn.Close() }); err != nil {
			return showError(t, err, "")
		}
		return []string{"closed"}
	}
	t.Fatal("a step that does nothing")
	return nil
}

func runCase(t *testing.T, path, directory string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c conformanceCase
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	name := ":memory:"
	if c.File {
		name = filepath.Join(directory, "database")
	}
	connector, err := turdb.NewConnector(name, c.Options)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	sessions := map[string]*session{}
	var output []string
	for number, step := range c.Steps {
		for _, on := range []string{step.On, step.To} {
			if on == "" || sessions[on] != nil {
				continue
			}
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			sessions[on] = &session{conn: conn}
		}
		for _, line := range sessions[step.On].step(t, step, sessions) {
			output = append(output, fmt.Sprintf("%d\t%s\t%s", number+1, step.On, line))
		}
	}
	return output
}

// skippedSteps are those of a case that Go cannot do, each with a reason.
func skippedSteps(t *testing.T, name string) map[string]bool {
	text, err := os.ReadFile(filepath.Join(conformanceFolder, "skips", "go.txt"))
	if err != nil {
		t.Fatal(err)
	}
	steps := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			t.Fatalf("a skip without a reason: %s", line)
		}
		if fields[0] == name {
			steps[fields[1]] = true
		}
	}
	return steps
}

func TestConformance(t *testing.T) {
	cases, _ := filepath.Glob(filepath.Join(conformanceFolder, "cases", "*.json"))
	if len(cases) == 0 {
		t.Skip("the suite lies in the source tree")
	}
	for _, path := range cases {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(conformanceFolder, "expected", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			expected := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			got := runCase(t, path, t.TempDir())
			skipped := skippedSteps(t, name)
			of := func(lines []string, wanted func(step string) bool) []string {
				return slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
					step, _, _ := strings.Cut(line, "\t")
					return !wanted(step)
				})
			}
			kept := func(step string) bool { return !skipped[step] }
			g, e := of(got, kept), of(expected, kept)
			for i := range max(len(g), len(e)) {
				if i >= len(g) || i >= len(e) || g[i] != e[i] {
					t.Fatalf("line %d differs; it gave\n%s\ninstead of\n%s", i+1, strings.Join(g[i:min(i+3, len(g))], "\n"),
						strings.Join(e[i:min(i+3, len(e))], "\n"))
				}
			}
			for step := range skipped {
				only := func(s string) bool { return s == step }
				if slices.Equal(of(got, only), of(expected, only)) {
					t.Errorf("step %s passes: it is skipped no more", step)
				}
			}
		})
	}
}
