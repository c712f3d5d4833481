package db

import (
	"math"
	"time"
)

// Fields is what a table's field function visits. The same visit describes the
// columns, reads a row, or writes one. The first field is the key.
type Fields struct {
	cols    []column // filled when describing
	mutable int      // index of the first column that may change
	in      Row      // set when reading
	out     sink     // set when writing
	key     *string  // set when only the key is asked for
	i       int
}

type kind uint8

const (
	kindText kind = iota
	kindInt
	kindBytes
)

type column struct {
	name string
	kind kind
}

// Row is one row of an answer; columns count from 0.
type Row interface {
	Text(i int) string
	Int(i int) int64
	Bytes(i int) []byte // a copy
}

// sink takes one row's values in the order of the columns.
type sink interface {
	text(i int, v string)
	int(i int, v int64)
	bytes(i int, v []byte)
}

func (f *Fields) describe(name string, k kind) { f.cols = append(f.cols, column{name, k}) }

// Mutable marks the end of the fields that never change after insertion. An
// update writes only the fields visited after it.
func (f *Fields) Mutable() {
	if f.in == nil && f.out == nil && f.key == nil {
		f.mutable = len(f.cols)
	}
}

// Text visits a text column.
func Text[S ~string](f *Fields, name string, p *S) {
	switch {
	case f.in != nil:
		*p = S(f.in.Text(f.i))
	case f.out != nil:
		f.out.text(f.i, string(*p))
	case f.key != nil:
		if f.i == 0 {
			*f.key = string(*p)
		}
	default:
		f.describe(name, kindText)
	}
	f.i++
}

// Encoded visits a text column that holds something else in writing: encode gives
// the text, decode takes it. Each is called only when it is needed.
func Encoded(f *Fields, name string, encode func() string, decode func(string)) {
	switch {
	case f.in != nil:
		decode(f.in.Text(f.i))
	case f.out != nil:
		f.out.text(f.i, encode())
	case f.key == nil:
		f.describe(name, kindText)
	}
	f.i++
}

// Int visits a 64-bit integer column.
func Int[I ~int64 | ~int | ~int32 | ~uint8](f *Fields, name string, p *I) {
	switch {
	case f.in != nil:
		*p = I(f.in.Int(f.i))
	case f.out != nil:
		f.out.int(f.i, int64(*p))
	case f.key == nil:
		f.describe(name, kindInt)
	}
	f.i++
}

// Bool visits a flag, kept as 0 or 1.
func Bool(f *Fields, name string, p *bool) {
	var n int64
	if *p {
		n = 1
	}
	Int(f, name, &n)
	*p = n != 0
}

// Time visits an instant, kept as microseconds since 1970 UTC; the zero time is 0.
func Time(f *Fields, name string, p *time.Time) {
	n := Micros(*p)
	Int(f, name, &n)
	*p = At(n)
}

// Bytes visits a byte-string column; nil is kept as empty.
func Bytes(f *Fields, name string, p *[]byte) {
	switch {
	case f.in != nil:
		*p = f.in.Bytes(f.i)
	case f.out != nil:
		f.out.bytes(f.i, *p)
	case f.key == nil:
		f.describe(name, kindBytes)
	}
	f.i++
}

// Micros is t as the database keeps it: microseconds since 1970 UTC, 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// At is the instant that Micros made n from.
func At(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// MicrosUntil is [Micros] for the end of a span of time: no time is no end.
func MicrosUntil(t time.Time) int64 {
	if t.IsZero() {
		return math.MaxInt64
	}
	return t.UnixMicro()
}
