package turdb_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"turdb"
)

type level int8
type label string
type embedding []float32
type optional struct{ sql.NullString }
type broken struct{}

func (broken) Value() (any, error) { return nil, errors.New("no value") }

func pointer[T any](value T) *T { return &value }

var (
	instant = time.Date(2024, 2, 29, 12, 34, 56, 789_000, time.FixedZone("", 3600))
	id      = uuid.MustParse("12345678-1234-5678-1234-567812345678")
)

// What a column of a type gives back of a parameter: the value in an any.
func TestRoundTrips(t *testing.T) {
	db := open(t, ":memory:")
	huge, _ := new(big.Int).SetString("-170141183460469231731687303715884105728", 10)
	beyond := new(big.Int).Lsh(big.NewInt(1), 200)
	for _, c := range []struct {
		kind     string
		in, want any
	}{
		{"bigint", 5, int64(5)},
		{"bigint", int64(math.MinInt64), int64(math.MinInt64)},
		{"smallint", level(-3), int64(-3)},
		{"bigint", uint32(7), int64(7)},
		{"ubigint", uint64(math.MaxUint64), uint64(math.MaxUint64)},
		{"bigint", nil, nil},
		{"bigint", (*int)(nil), nil},
		{"bigint", pointer(pointer(9)), int64(9)},
		{"int128", huge, huge.String()},
		{"numeric", beyond, beyond.String()},
		{"numeric", (*big.Int)(nil), nil},
		{"double precision", 0.1, 0.1},
		{"double precision", float32(0.5), 0.5},
		{"real", float32(0.1), float64(float32(0.1))},
		{"double precision", math.Inf(-1), math.Inf(-1)},
		{"boolean", true, true},
		{"text", "naïve 🐢", "naïve 🐢"},
		{"text", "", ""},
		{"text", label("x"), "x"},
		{"text", sql.NullString{}, nil},
		{"text", sql.NullString{String: "y", Valid: true}, "y"},
		{"text", optional{sql.NullString{String: "z", Valid: true}}, "z"},
		{"blob", []byte{0, 255}, []byte{0, 255}},
		{"blob", []byte{}, []byte{}},
		{"blob", []byte(nil), nil},
		{"timestamptz", instant, instant.UTC()},
		{"timestamp", instant, instant.UTC()},
		{"timestamp", turdb.TimestampOf(instant), time.Date(2024, 2, 29, 12, 34, 56, 789_000, time.UTC)},
		{"date", turdb.DateOf(instant), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
		{"date", turdb.Date(math.MaxInt32), turdb.PosInfinity},
		{"timestamp", turdb.NegInfinity, turdb.NegInfinity},
		{"timestamptz", turdb.PosInfinity, turdb.PosInfinity},
		{"time", turdb.TimeOfDay(86_399_999_999), "23:59:59.999999"},
		{"time", turdb.TimeOfDay(86_400_000_000), "24:00:00"},
		{"interval", turdb.Interval{Months: 14, Days: -3, Micros: -500_000}, turdb.Interval{Months: 14, Days: -3, Micros: -500_000}},
		{"interval", turdb.IntervalOf(time.Second).String(), turdb.Interval{Micros: 1_000_000}},
		{"interval", turdb.Interval{Months: 1, Days: -2, Micros: -1}.String(), turdb.Interval{Months: 1, Days: -2, Micros: -1}},
		{"numeric(10,2)", turdb.Decimal("-12.50"), "-12.50"},
		{"numeric", decimal.RequireFromString("1234567890123456789012345.678"), "1234567890123456789012345.678"},
		{"numeric", decimal.NullDecimal{}, nil},
		{"uuid", id, id.String()},
		{"uuid", turdb.UUID(id), id.String()},
		{"uuid", uuid.NullUUID{}, nil},
		{"json", turdb.JSON(`{"a":1}`), []byte(`{"a":1}`)},
		{"json", json.RawMessage(`[1]`), []byte(`[1]`)},
		{"json", json.RawMessage(nil), nil},
		{"vector(3)", []float32{1, -2.5, 0}, []float32{1, -2.5, 0}},
		{"vector(2)", embedding{1, 2}, []float32{1, 2}},
		{"vector(2)", []float32(nil), nil},
		{"halfvec(2)", turdb.HalfVector{0.1, -65504}, []float32{0.099975586, -65504}},
		{"vector(3, int8)", []int8{1, -128, 127}, []int8{1, -128, 127}},
		{"vector(9, bit)", turdb.BitVector{true, false, true, false, false, false, false, false, true},
			[]bool{true, false, true, false, false, false, false, false, true}},
		{"bigint[]", []int64{1, 2}, []any{int64(1), int64(2)}},
		{"bigint[]", []int64{}, []any{}},
		{"bigint[]", []int64(nil), nil},
		{"bigint[]", []*int64{pointer(int64(1)), nil}, []any{int64(1), nil}},
		{"bigint[]", [2]int{3, 4}, []any{int64(3), int64(4)}},
		{"text[]", []string{"a", "b c", ""}, []any{"a", "b c", ""}},
		{"text[]", []any{nil, "NULL"}, []any{nil, "NULL"}},
		{"double precision[]", []float64{0.5, math.Inf(1)}, []any{0.5, math.Inf(1)}},
		{"bigint[][]", [][]int{{1, 2}, {3, 4}}, []any{[]any{int64(1), int64(2)}, []any{int64(3), int64(4)}}},
		{"blob[]", [][]byte{{1}, {2, 3}}, []any{[]byte{1}, []byte{2, 3}}},
		{"uuid[]", []uuid.UUID{id}, []any{turdb.UUID(id)}},
		{"timestamptz[]", []time.Time{instant}, []any{instant.UTC()}},
		{"date[]", []turdb.Date{1}, []any{turdb.Date(1)}},
		{"numeric[]", []decimal.Decimal{decimal.New(15, -1)}, []any{turdb.Decimal("1.5")}},
		{"boolean[]", []bool{true, false}, []any{true, false}},
		{"inet", "10.0.0.1", "10.0.0.1"},
	} {
		conn, _ := db.Conn(t.Context())
		mustExec(t, conn, "drop table if exists t; create table t(v "+c.kind+")")
		if _, err := conn.ExecContext(t.Context(), "insert into t values (?)", c.in); err != nil {
			t.Errorf("%s %#v: %v", c.kind, c.in, err)
		} else if got := scanOne[any](t, conn, "select v from t"); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %#v gave %#v, not %#v", c.kind, c.in, got, c.want)
		}
		// The same through an appender.
		err := conn.Raw(func(driverConn any) error {
			appender, err := driverConn.(*turdb.Conn).NewAppender("t")
			if err != nil {
				return err
			}
			defer appender.Discard()
			if err := appender.AppendRow(c.in); err != nil {
				return err
			}
			return appender.Close()
		})
		if err != nil {
			t.Errorf("appending %s %#v: %v", c.kind, c.in, err)
		} else if got := scanOne[int](t, conn, "select count(*) from (select v::text as v from t) x group by v"); got != 2 {
			t.Errorf("appending %s %#v gave another value", c.kind, c.in)
		}
		conn.Close()
	}
}

func TestNaN(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(d double precision, n numeric, v vector(2))")
	mustExec(t, db, "insert into t(d, n) values (?, ?)", math.NaN(), math.NaN())
	var d float64
	var n string
	if err := db.QueryRow("select d, n from t").Scan(&d, &n); err != nil || !math.IsNaN(d) || n != "NaN" {
		t.Fatal(d, n, err)
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		if _, err := db.Exec("insert into t(v) values (?)", []float32{1, bad}); !errors.Is(err, turdb.ErrData) {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("insert into t(v) values (?)", []float32{1}); !errors.Is(err, turdb.ErrData) {
		t.Fatal(err)
	}
	if _, err := db.Exec("insert into t(v) values (?)", []float32{}); !errors.Is(err, turdb.ErrData) {
		t.Fatal(err)
	}
}

func TestScan(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, `create table t(i bigint, s text, n numeric, u uuid, j json, d date, tz timestamptz, ti time, iv interval, a bigint[],
		names text[], days date[], v vector(2))`)
	mustExec(t, db, `insert into t values (7, '8', 1.50, '12345678-1234-5678-1234-567812345678', '{"a": [1]}', '2024-02-29',
		'2024-02-29 12:00+00', '12:34:56.5', '2 days', '{1,2}', '{x,y}', '{2024-02-29}', '[1,2.5]')`)
	var (
		i8    int8
		f     float64
		n     decimal.Decimal
		own   turdb.Decimal
		u     uuid.UUID
		ownID turdb.UUID
		raw   json.RawMessage
		d, tz time.Time
		date  turdb.Date
		ti    turdb.TimeOfDay
		iv    turdb.Interval
		a     []int32
		names []string
		days  []time.Time
		v     []float32
	)
	err := db.QueryRow("select i, s, n, n, u, u, j, d, d, tz, ti, iv, a, names, days, v from t").Scan(&i8, &f, &n, &own, &u, &ownID, &raw,
		&d, &date, &tz, &ti, &iv, turdb.Slice(&a), turdb.Slice(&names), turdb.Slice(&days), &v)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	if i8 != 7 || f != 8 || n.String() != "1.5" || own != "1.50" || u != id || ownID != turdb.UUID(id) || string(raw) != `{"a": [1]}` ||
		!d.Equal(day) || date.String() != "2024-02-29" || !tz.Equal(day.Add(12*time.Hour)) || ti.Duration() != 45296500*time.Millisecond ||
		iv.Days != 2 || !reflect.DeepEqual(a, []int32{1, 2}) || !reflect.DeepEqual(names, []string{"x", "y"}) || !days[0].Equal(day) ||
		!reflect.DeepEqual(v, []float32{1, 2.5}) {
		t.Fatal(i8, f, n, own, u, raw, d, date, tz, ti, iv, a, names, days, v)
	}
	if duration, ok := iv.Duration(); !ok || duration != 48*time.Hour {
		t.Fatal(duration)
	}
}

// What cannot be scanned is an error that says so.
func TestScanErrors(t *testing.T) {
	db := open(t, ":memory:")
	for query, destination := range map[string]any{
		"select null::bigint":              new(int64),
		"select null::text":                new(string),
		"select null::date":                new(turdb.Date),
		"select 300":                       new(int8),
		"select 'x'":                       new(int),
		"select -1":                        new(uint8),
		"select date 'infinity'":           new(time.Time),
		"select array[1, null]":            turdb.Slice(new([]int)),
		"select array['x']":                turdb.Slice(new([]int)),
		"select 5":                         turdb.Slice(new([]int)),
		"select 'x' as a":                  new(turdb.UUID),
		"select 'y' as a":                  new(turdb.TimeOfDay),
		"select 1 as a":                    new(turdb.Interval),
		"select true":                      new(turdb.Timestamp),
		"select '[1,2]'::vector(2)":        new(string),
		"select '[1,2]'::vector(2) as bit": new(turdb.BitVector),
	} {
		if err := db.QueryRow(query).Scan(destination); err == nil {
			t.Errorf("%s into %T: no error", query, destination)
		}
	}
	var date turdb.Date
	var at turdb.Timestamp
	var text string
	if err := db.QueryRow("select date '-infinity', timestamp 'infinity', timestamp 'infinity'").Scan(&date, &at, &text); err != nil ||
		date.IsFinite() || date.String() != "-infinity" || at.String() != "infinity" || text != "infinity" {
		t.Fatal(date, at, text, err)
	}
	var nullable []*int
	if err := db.QueryRow("select array[1, null]").Scan(turdb.Slice(&nullable)); err != nil || nullable[1] != nil || *nullable[0] != 1 {
		t.Fatal(nullable, err)
	}
	var none []int
	if err := db.QueryRow("select null::int[]").Scan(turdb.Slice(&none)); err != nil || none != nil {
		t.Fatal(none, err)
	}
}

// What cannot be a parameter is an error before anything runs.
func TestBadParameters(t *testing.T) {
	db := open(t, ":memory:")
	mustExec(t, db, "create table t(v)")
	for _, bad := range []any{
		struct{ a int }{1}, map[string]int{"a": 1}, make(chan int), func() {}, complex(1, 2), broken{},
		[]any{1, "x"}, [][]int{{1}, {2, 3}}, []any{1, []int{2}}, []any{struct{}{}}, turdb.BitVector{}, turdb.HalfVector{70000},
		time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC),
		[]any{[]any{[]any{[]any{[]any{[]any{[]any{1}}}}}}},
	} {
		if _, err := db.Exec("insert into t values (?)", bad); err == nil {
			t.Errorf("%#v was taken", bad)
		}
	}
	for state, bad := range map[turdb.SQLState]any{"22021": "a\x00b", "22P02": turdb.Decimal("x"), "22008": turdb.Date(math.MinInt32 + 5)} {
		if _, err := db.Exec("insert into t values (?)", bad); !errors.Is(err, turdb.ErrData) {
			t.Errorf("%#v: %v instead of %s", bad, err, state)
		}
	}
	if _, err := db.Exec("insert into t values (?)", "\xff\xfe"); !errors.Is(err, turdb.SQLState("22021")) {
		t.Error(err)
	}
	if _, err := db.Exec("select '\xff'"); err == nil {
		t.Error("SQL that is no UTF-8")
	}
	if _, err := db.Exec("select 1\x00"); err == nil {
		t.Error("SQL with a NUL")
	}
	if _, err := db.Exec("create table n(a int not null); insert into n values (?)", nil); !errors.Is(err, turdb.SQLState("23502")) {
		t.Error(err)
	}
	if _, err := db.Exec("insert into n values (?)", "x"); !errors.Is(err, turdb.SQLState("22P02")) {
		t.Error(err)
	}
	if scanOne[int](t, db, "select count(*) from t") != 0 {
		t.Error("something went in")
	}
}

func TestTexts(t *testing.T) {
	early := turdb.Date(-1_000_000)
	if early.String() != "0769-02-04 BC" && !strings.HasSuffix(early.String(), "BC") {
		t.Error(early)
	}
	for value, want := range map[interface{ String() string }]string{
		turdb.TimeOfDay(1):                                "00:00:00.000001",
		turdb.Timestamp(-1):                               "1969-12-31 23:59:59.999999",
		turdb.Interval{Months: 1, Micros: -1_500_000}:     "1 mons 0 days -00:00:01.5",
		turdb.UUID(id):                                    id.String(),
		turdb.Interval{Micros: math.MinInt64, Months: -1}: "-1 mons 0 days -2562047788:00:54.775808",
	} {
		if value.String() != want {
			t.Errorf("%s instead of %s", value, want)
		}
	}
	if _, ok := (turdb.Interval{Months: 1}).Duration(); ok {
		t.Error("a month has no duration")
	}
	if _, ok := (turdb.Interval{Days: math.MaxInt32, Micros: math.MaxInt64}).Duration(); ok {
		t.Error("too long")
	}
}
