package wire

import (
	"encoding/base64"
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// safeInteger is the largest whole number that every JSON reader keeps exact.
// Source: RFC 8259 §6.
const safeInteger = 1<<53 - 1

// Parse reads a value of x written as text, as in a query.
func (x *Member) Parse(text string) (protoreflect.Value, Refusal) {
	switch x.Kind {
	case KindText:
		return protoreflect.ValueOfString(text), refusals[textFault([]byte(text))]
	case KindBool:
		if text != "true" && text != "false" {
			return protoreflect.Value{}, x.wrongType()
		}
		return protoreflect.ValueOfBool(text == "true"), Refusal{}
	case KindBytes:
		return bytesValue(text)
	case KindWord:
		return x.wordValue(text)
	case KindInstant:
		return instantValue(text)
	case KindObject:
		return protoreflect.Value{}, x.wrongType()
	}
	return wholeValue(x, text)
}

func (x *Member) wordValue(text string) (protoreflect.Value, Refusal) {
	if n, ok := x.Words.numbers[text]; ok {
		return protoreflect.ValueOfEnum(n), Refusal{}
	}
	return protoreflect.Value{}, x.unknownWord()
}

func (x *Member) unknownWord() Refusal {
	return Refusal{CodeUnknownValue, "Must be one of: " + x.Words.allowed + "."}
}

// wholeValue reads a whole number of x's width, which JSON may also carry as a string.
func wholeValue[T string | []byte](x *Member, token T) (protoreflect.Value, Refusal) {
	n, code := parseWhole(token)
	if code != "" {
		return protoreflect.Value{}, refusals[code]
	}
	if low, high := x.span(); n < low || n > high {
		return protoreflect.Value{}, refusals[CodeOutOfRange]
	}
	switch x.Kind {
	case KindInt32:
		return protoreflect.ValueOfInt32(int32(n)), Refusal{}
	case KindUint32:
		return protoreflect.ValueOfUint32(uint32(n)), Refusal{}
	case KindUint64:
		return protoreflect.ValueOfUint64(uint64(n)), Refusal{}
	}
	return protoreflect.ValueOfInt64(n), Refusal{}
}

// span is the smallest and the largest number that x takes.
func (x *Member) span() (low, high int64) {
	switch x.Kind {
	case KindInt32:
		return math.MinInt32, math.MaxInt32
	case KindUint32:
		return 0, math.MaxUint32
	case KindUint64:
		return 0, safeInteger
	}
	return -safeInteger, safeInteger
}

// parseWhole reads digits with an optional minus, exactly. Beyond ±(2^53-1) it
// refuses instead of rounding.
func parseWhole[T string | []byte](token T) (n int64, code string) {
	digits := token
	negative := len(token) > 0 && token[0] == '-'
	if negative {
		digits = token[1:]
	}
	if len(digits) == 0 || digits[0] == '0' && (len(digits) > 1 || negative) {
		return 0, CodeNotAnInteger
	}
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 {
			return 0, CodeNotAnInteger
		}
		if n = n*10 + int64(c); n > safeInteger {
			return 0, outOfRangeOr(digits[i+1:])
		}
	}
	if negative {
		n = -n
	}
	return n, ""
}

func outOfRangeOr[T string | []byte](rest T) string {
	for i := range len(rest) {
		if rest[i]-'0' > 9 {
			return CodeNotAnInteger
		}
	}
	return CodeOutOfRange
}

func bytesValue(text string) (protoreflect.Value, Refusal) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // the decoder passes over line ends
		return protoreflect.Value{}, Refusal{CodeInvalidBase64, "Must be base64 with padding (RFC 4648 §4)."}
	}
	return protoreflect.ValueOfBytes(b), Refusal{}
}

// instantLayout is how instants are written: always UTC, always microseconds.
const instantLayout = "2006-01-02T15:04:05.000000Z"

var refusedYear = Refusal{CodeInvalidTime, "The year must be 0001 to 9999 in UTC."}

// inYears reports whether an instant, in seconds of Unix time, lies in the years that
// RFC 3339 can write.
func inYears(seconds int64) bool { return seconds >= -62135596800 && seconds <= 253402300799 }

// instantValue reads an RFC 3339 instant of at most microseconds.
func instantValue(text string) (protoreflect.Value, Refusal) {
	var t time.Time
	if err := t.UnmarshalText([]byte(text)); err != nil || t.Nanosecond()%1000 != 0 {
		return protoreflect.Value{}, Refusal{CodeInvalidTime, "Must be an RFC 3339 time with at most six decimals, such as 2026-01-31T09:30:00Z."}
	}
	if !inYears(t.Unix()) {
		return protoreflect.Value{}, refusedYear
	}
	return protoreflect.ValueOfMessage(timestamppb.New(t).ProtoReflect()), Refusal{}
}

// wrongType says what x takes.
func (x *Member) wrongType() Refusal {
	want := wanted[x.Kind]
	if x.Dict {
		want = "an object whose values are strings"
	}
	return Refusal{CodeWrongType, "Must be " + want + "."}
}

var wanted = [...]string{
	KindText: "a string", KindBool: "true or false", KindBytes: "a string of base64",
	KindInt32: "a whole number", KindInt64: "a whole number", KindUint32: "a whole number", KindUint64: "a whole number",
	KindWord: "a string", KindInstant: "a string with an RFC 3339 time", KindObject: "an object",
}
