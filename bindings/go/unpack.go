package turdb

/*
#include "shim.h"
*/
import "C"

import (
	"database/sql/driver"
	"encoding/binary"
	"math"
	"math/big"
	"slices"
)

// Packed rows (docs/packed.md), read.

// How a value is given: as a column of its type is, or as an element of an array or a value of type ANY is, whose type nothing
// else says.
type reader struct {
	data []byte
	at   int
}

func (r *reader) take(size int) []byte {
	r.at += size
	return r.data[r.at-size : r.at]
}

func (r *reader) uint16() uint16 { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *reader) uint32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *reader) uint64() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }
func (r *reader) sized() []byte  { return r.take(int(r.uint32())) }

// value reads a value of a column.
func (r *reader) value() driver.Value {
	kind := r.data[r.at]
	switch kind {
	case C.TURDB_TYPE_DECIMAL:
		r.at++
		return string(r.sized())
	case C.TURDB_TYPE_JSON, C.TURDB_TYPE_JSONB:
		r.at++
		return slices.Clone(r.sized())
	case C.TURDB_TYPE_DATE:
		r.at++
		if date := Date(r.uint32()); date.IsFinite() {
			return date.Time()
		} else {
			return infinityOf(date > 0)
		}
	case C.TURDB_TYPE_TIMESTAMP:
		r.at++
		return timeOrInfinity(int64(r.uint64()))
	case C.TURDB_TYPE_TIME:
		r.at++
		return TimeOfDay(r.uint64()).String()
	case C.TURDB_TYPE_UUID:
		r.at++
		return UUID(r.take(16)).String()
	case C.TURDB_TYPE_INT128:
		r.at++
		return r.int128().String()
	}
	return r.loose()
}

func timeOrInfinity(micros int64) driver.Value {
	if Timestamp(micros).IsFinite() {
		return timeOf(micros)
	}
	return infinityOf(micros > 0)
}

// loose reads a value that says its own type.
func (r *reader) loose() driver.Value {
	kind := r.data[r.at]
	r.at++
	switch kind {
	case C.TURDB_TYPE_NULL:
		return nil
	case C.TURDB_TYPE_BOOL:
		return r.take(1)[0] != 0
	case C.TURDB_TYPE_INT8:
		return int64(int8(r.take(1)[0]))
	case C.TURDB_TYPE_INT16:
		return int64(int16(r.uint16()))
	case C.TURDB_TYPE_INT32:
		return int64(int32(r.uint32()))
	case C.TURDB_TYPE_INT64:
		return int64(r.uint64())
	case C.TURDB_TYPE_INT128:
		return r.int128()
	case C.TURDB_TYPE_UINT8:
		return int64(r.take(1)[0])
	case C.TURDB_TYPE_UINT16:
		return int64(r.uint16())
	case C.TURDB_TYPE_UINT32:
		return int64(r.uint32())
	case C.TURDB_TYPE_UINT64:
		return r.uint64()
	case C.TURDB_TYPE_FLOAT:
		return float64(math.Float32frombits(r.uint32()))
	case C.TURDB_TYPE_DOUBLE:
		return math.Float64frombits(r.uint64())
	case C.TURDB_TYPE_DECIMAL:
		return Decimal(r.sized())
	case C.TURDB_TYPE_BLOB:
		return append(make([]byte, 0, 1), r.sized()...) // never nil: that would be NULL
	case C.TURDB_TYPE_DATE:
		return Date(r.uint32())
	case C.TURDB_TYPE_TIME:
		return TimeOfDay(r.uint64())
	case C.TURDB_TYPE_TIMESTAMP:
		return Timestamp(r.uint64())
	case C.TURDB_TYPE_TIMESTAMPTZ:
		return timeOrInfinity(int64(r.uint64()))
	case C.TURDB_TYPE_INTERVAL:
		return Interval{Months: int32(r.uint32()), Days: int32(r.uint32()), Micros: int64(r.uint64())}
	case C.TURDB_TYPE_UUID:
		return UUID(r.take(16))
	case C.TURDB_TYPE_JSON, C.TURDB_TYPE_JSONB:
		return JSON(r.sized())
	case C.TURDB_TYPE_ARRAY:
		return r.array()
	case C.TURDB_TYPE_VECTOR:
		return r.vector()
	default: // text, and what later versions pack as text
		return string(r.sized())
	}
}

func (r *reader) int128() *big.Int {
	low, high := r.uint64(), int64(r.uint64())
	value := big.NewInt(high)
	return value.Lsh(value, 64).Add(value, new(big.Int).SetUint64(low))
}

// array gives []any, nested for more dimensions.
func (r *reader) array() driver.Value {
	r.at += 5 // the size, and the type of the elements, which say it themselves
	lengths := make([]int, r.take(1)[0])
	for i := range lengths {
		r.at += 4 // the lower bound
		lengths[i] = int(r.uint32())
	}
	if len(lengths) == 0 {
		return []any{}
	}
	return r.block(lengths)
}

func (r *reader) block(lengths []int) []any {
	elements := make([]any, lengths[0])
	for i := range elements {
		if len(lengths) > 1 {
			elements[i] = r.block(lengths[1:])
		} else {
			elements[i] = r.loose()
		}
	}
	return elements
}

func (r *reader) vector() driver.Value {
	bytes := r.sized()
	kind, bytes := bytes[0], bytes[1:]
	switch kind {
	case C.TURDB_VECTOR_FLOAT32:
		floats := make([]float32, len(bytes)/4)
		for i := range floats {
			floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
		}
		return floats
	case C.TURDB_VECTOR_FLOAT16:
		floats := make([]float32, len(bytes)/2)
		for i := range floats {
			floats[i] = halfToFloat(binary.LittleEndian.Uint16(bytes[2*i:]))
		}
		return floats
	case C.TURDB_VECTOR_INT8:
		integers := make([]int8, len(bytes))
		for i, b := range bytes {
			integers[i] = int8(b)
		}
		return integers
	default:
		count := 8*(len(bytes)-2) + int(bytes[len(bytes)-1])
		bits := make([]bool, count)
		for i := range bits {
			bits[i] = bytes[i/8]>>(i%8)&1 != 0
		}
		return bits
	}
}

func halfToFloat(half uint16) float32 {
	sign, exponent, fraction := uint32(half>>15)<<31, uint32(half>>10&31), uint32(half&1023)
	switch exponent {
	case 0: // zero and subnormal numbers
		value := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(value) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
