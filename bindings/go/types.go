package turdb

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// The types of this file are for values that Go has no type of its own for. All of them are parameters, and all of them scan
// what columns of their type give, so that nothing is lost. Columns give what database/sql knows (time.Time, string), while
// elements of arrays and values of columns of type ANY, whose column does not say their type, are of the types of this file.

const (
	microsPerSecond = int64(1_000_000)
	microsPerDay    = 86_400 * microsPerSecond
	secondsPerDay   = 86_400
)

// Infinity is what a date or a timestamp is that is infinite: PosInfinity or NegInfinity. time.Time has no such value: Scan
// into a Date, a Timestamp, a string or an Infinity.
type Infinity string

// The two of them.
const (
	PosInfinity Infinity = "infinity"
	NegInfinity Infinity = "-infinity"
)

// Date is a day: days since 1970-01-01. math.MaxInt32 and math.MinInt32 are the infinities.
type Date int32

// DateOf is the day of t in t's time zone.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date(floorDiv(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix(), secondsPerDay))
}

// IsFinite tells that the date is not infinite.
func (d Date) IsFinite() bool { return d != math.MaxInt32 && d != math.MinInt32 }

// Time is midnight of the day in UTC. It means nothing for the infinities.
func (d Date) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

func (d Date) String() string {
	if !d.IsFinite() {
		return string(infinityOf(d > 0))
	}
	return showYear(d.Time(), "-01-02")
}

// Scan implements sql.Scanner.
func (d *Date) Scan(value any) error {
	switch value := value.(type) {
	case time.Time:
		*d = DateOf(value)
	case Date:
		*d = value
	case Infinity:
		*d = math.MinInt32
		if value == PosInfinity {
			*d = math.MaxInt32
		}
	default:
		return cannotScan(value, d)
	}
	return nil
}

// Timestamp is a date and a time without a zone: microseconds since 1970-01-01 00:00:00. math.MaxInt64 and math.MinInt64 are the
// infinities.
type Timestamp int64

// TimestampOf is the date and the time that t shows in its time zone.
func TimestampOf(t time.Time) Timestamp {
	_, offset := t.Zone()
	return Timestamp(t.UnixMicro() + int64(offset)*microsPerSecond)
}

// IsFinite tells that the timestamp is not infinite.
func (t Timestamp) IsFinite() bool { return t != math.MaxInt64 && t != math.MinInt64 }

// Time is what the timestamp shows, in UTC. It means nothing for the infinities.
func (t Timestamp) Time() time.Time { return timeOf(int64(t)) }

func (t Timestamp) String() string {
	if !t.IsFinite() {
		return string(infinityOf(t > 0))
	}
	return showYear(t.Time(), "-01-02 15:04:05.999999")
}

// Scan implements sql.Scanner.
func (t *Timestamp) Scan(value any) error {
	switch value := value.(type) {
	case time.Time:
		*t = TimestampOf(value)
	case Timestamp:
		*t = value
	case Infinity:
		*t = math.MinInt64
		if value == PosInfinity {
			*t = math.MaxInt64
		}
	default:
		return cannotScan(value, t)
	}
	return nil
}

// TimeOfDay is a time without a date: microseconds since midnight, up to 24:00.
type TimeOfDay int64

func (t TimeOfDay) String() string {
	seconds, micros := int64(t)/microsPerSecond, int64(t)%microsPerSecond
	text := fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if micros != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%06d", micros), "0")
	}
	return text
}

// Duration is how long after midnight it is.
func (t TimeOfDay) Duration() time.Duration { return time.Duration(t) * time.Microsecond }

// Scan implements sql.Scanner.
func (t *TimeOfDay) Scan(value any) error {
	switch value := value.(type) {
	case TimeOfDay:
		*t = value
	case string:
		var hours, minutes int64
		var seconds float64
		if _, err := fmt.Sscanf(value, "%d:%d:%f", &hours, &minutes, &seconds); err != nil {
			return fmt.Errorf("turdb: %q is no time of day", value)
		}
		*t = TimeOfDay((hours*3600+minutes*60)*microsPerSecond + int64(math.Round(seconds*1e6)))
	default:
		return cannotScan(value, t)
	}
	return nil
}

// Interval is a span of time as SQL has it: months and days are not so many hours.
type Interval struct {
	Months, Days int32
	Micros       int64
}

// IntervalOf is an interval of microseconds only; what is finer is cut off.
func IntervalOf(d time.Duration) Interval { return Interval{Micros: d.Microseconds()} }

// Duration is the interval with days of 24 hours, and false where it has months or is too long.
func (i Interval) Duration() (time.Duration, bool) {
	micros := int64(i.Days)*microsPerDay + i.Micros
	inside := i.Micros <= 0 || micros >= int64(i.Days)*microsPerDay
	fits := micros <= math.MaxInt64/1000 && micros >= math.MinInt64/1000
	return time.Duration(micros) * time.Microsecond, i.Months == 0 && inside && fits
}

// String is the interval as SQL reads it.
func (i Interval) String() string {
	sign, micros := "", uint64(i.Micros)
	if i.Micros < 0 {
		sign, micros = "-", -micros
	}
	text := fmt.Sprintf("%d mons %d days %s%02d:%02d:%02d", i.Months, i.Days, sign, micros/3_600_000_000, micros/60_000_000%60,
		micros/1_000_000%60)
	if micros%1_000_000 != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%06d", micros%1_000_000), "0")
	}
	return text
}

// Scan implements sql.Scanner.
func (i *Interval) Scan(value any) error {
	interval, ok := value.(Interval)
	if !ok {
		return cannotScan(value, i)
	}
	*i = interval
	return nil
}

// Decimal is a decimal number as text ("-12.50"), exactly. Types of other packages that scan texts, such as decimal.Decimal of
// shopspring, scan columns of type decimal directly, and may be given as parameters.
type Decimal string

// Scan implements sql.Scanner.
func (d *Decimal) Scan(value any) error {
	switch value := value.(type) {
	case string:
		*d = Decimal(value)
	case Decimal:
		*d = value
	case int64:
		*d = Decimal(strconv.FormatInt(value, 10))
	case float64:
		*d = Decimal(strconv.FormatFloat(value, 'g', -1, 64))
	default:
		return cannotScan(value, d)
	}
	return nil
}

// UUID is the 16 bytes of a UUID. Arrays of 16 bytes of other packages, such as uuid.UUID of google, do as parameters, and scan
// columns of type uuid directly.
type UUID [16]byte

func (u UUID) String() string {
	var text [36]byte
	hex.Encode(text[0:8], u[0:4])
	hex.Encode(text[9:13], u[4:6])
	hex.Encode(text[14:18], u[6:8])
	hex.Encode(text[19:23], u[8:10])
	hex.Encode(text[24:36], u[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// Scan implements sql.Scanner.
func (u *UUID) Scan(value any) error {
	switch value := value.(type) {
	case UUID:
		*u = value
		return nil
	case string:
		bytes, err := hex.DecodeString(strings.ReplaceAll(value, "-", ""))
		if err != nil || len(bytes) != 16 {
			return fmt.Errorf("turdb: %q is no UUID", value)
		}
		copy(u[:], bytes)
		return nil
	case []byte:
		if len(value) == 16 {
			copy(u[:], value)
			return nil
		}
	}
	return cannotScan(value, u)
}

// JSON is the text of a JSON value. As a parameter it is of type json, as json.RawMessage is.
type JSON string

// HalfVector is a vector of halves as a parameter: halfvec(n). Columns of that type give []float32.
type HalfVector []float32

// BitVector is a vector of bits: vector(n, bit).
type BitVector []bool

// Scan implements sql.Scanner.
func (v *BitVector) Scan(value any) error {
	bits, ok := value.([]bool)
	if !ok {
		return cannotScan(value, v)
	}
	*v = bits
	return nil
}

// Slice scans an array of one dimension into a slice: rows.Scan(turdb.Slice(&names)). A NULL among the elements is an error unless
// T can be nil; a NULL instead of the array makes the slice nil.
func Slice[T any](destination *[]T) sql.Scanner { return slice[T]{destination} }

type slice[T any] struct{ destination *[]T }

func (s slice[T]) Scan(value any) error {
	if value == nil {
		*s.destination = nil
		return nil
	}
	if same, ok := value.([]T); ok {
		*s.destination = same
		return nil
	}
	elements := reflect.ValueOf(value)
	if elements.Kind() != reflect.Slice {
		return cannotScan(value, s.destination)
	}
	out := make([]T, elements.Len())
	for i := range out {
		element := elements.Index(i).Interface()
		if err := scanElement(&out[i], element); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	*s.destination = out
	return nil
}

func scanElement[T any](out *T, element any) error {
	switch value := element.(type) {
	case T:
		*out = value
		return nil
	case nil:
		if kind := reflect.TypeFor[T]().Kind(); kind != reflect.Pointer && kind != reflect.Interface && kind != reflect.Slice {
			return fmt.Errorf("converting NULL to %s is unsupported", reflect.TypeFor[T]())
		}
		return nil
	case Date:
		element = value.Time()
	case Timestamp:
		element = value.Time()
	case Decimal:
		element = string(value)
	case UUID:
		element = value.String()
	case TimeOfDay:
		element = value.String()
	}
	var scanned sql.Null[T] // Scan of it converts as Rows.Scan does
	if err := scanned.Scan(element); err != nil {
		return err
	}
	*out = scanned.V
	return nil
}

func cannotScan(value, destination any) error {
	return fmt.Errorf("turdb: cannot scan a %T into %T", value, destination)
}

func infinityOf(positive bool) Infinity {
	if positive {
		return PosInfinity
	}
	return NegInfinity
}

func timeOf(micros int64) time.Time {
	seconds := floorDiv(micros, microsPerSecond)
	return time.Unix(seconds, (micros-seconds*microsPerSecond)*1000).UTC()
}

// showYear formats years before 1 and after 9999 as SQL does.
func showYear(t time.Time, rest string) string {
	if t.Year() < 1 {
		return fmt.Sprintf("%04d", 1-t.Year()) + t.Format(rest) + " BC"
	}
	return fmt.Sprintf("%04d", t.Year()) + t.Format(rest)
}

func floorDiv(a, b int64) int64 {
	quotient := a / b
	if a%b < 0 {
		quotient--
	}
	return quotient
}

var (
	_ sql.Scanner = (*Date)(nil)
	_ sql.Scanner = (*Interval)(nil)
)
