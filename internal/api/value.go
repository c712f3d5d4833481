package api

import (
	"encoding/base64"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// safeInteger is the largest whole number that every JSON reader keeps exact.
// Source: RFC 8259 §6.
const safeInteger = 1<<53 - 1

// refusal is why a value is not taken: a code and a sentence. The zero refusal
// means that it is.
type refusal struct{ code, detail string }

// parse reads a value of x written as text, as in a query.
func (x *member) parse(text string) (protoreflect.Value, refusal) {
	switch x.kind {
	case kindText:
		return protoreflect.ValueOfString(text), checkText(text)
	case kindBool:
		if text != "true" && text != "false" {
			return protoreflect.Value{}, x.wrongType()
		}
		return protoreflect.ValueOfBool(text == "true"), refusal{}
	case kindBytes:
		return bytesValue(text)
	case kindWord:
		return x.wordValue(text)
	case kindInstant:
		return instantValue(text)
	case kindObject:
		return protoreflect.Value{}, x.wrongType()
	}
	return wholeValue(x, text)
}

func (x *member) wordValue(text string) (protoreflect.Value, refusal) {
	if n, ok := x.words.numbers[text]; ok {
		return protoreflect.ValueOfEnum(n), refusal{}
	}
	return protoreflect.Value{}, refusal{codeUnknownValue, "Must be one of: " + x.words.allowed + "."}
}

func checkText(text string) refusal {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return refusals[codeInvalidCharacter]
	case !utf8.ValidString(text):
		return refusals[codeInvalidUTF8]
	}
	return refusal{}
}

var refusals = map[string]refusal{
	codeInvalidCharacter: {codeInvalidCharacter, "The character U+0000 is not taken."},
	codeInvalidUTF8:      {codeInvalidUTF8, "The text is not valid UTF-8."},
	codeNotAnInteger:     {codeNotAnInteger, "Must be a whole number without fraction, exponent, plus sign or leading zeros."},
	codeOutOfRange:       {codeOutOfRange, "The number is too large to be kept exactly."},
}

// wholeValue reads a whole number of x's width, which JSON may also carry as a string.
func wholeValue[T string | []byte](x *member, token T) (protoreflect.Value, refusal) {
	n, code := parseWhole(token)
	if code != "" {
		return protoreflect.Value{}, refusals[code]
	}
	low, high := int64(-safeInteger), int64(safeInteger)
	switch x.kind {
	case kindInt32:
		low, high = math.MinInt32, math.MaxInt32
	case kindUint32:
		low, high = 0, math.MaxUint32
	case kindUint64:
		low = 0
	}
	if n < low || n > high {
		return protoreflect.Value{}, refusals[codeOutOfRange]
	}
	switch x.kind {
	case kindInt32:
		return protoreflect.ValueOfInt32(int32(n)), refusal{}
	case kindUint32:
		return protoreflect.ValueOfUint32(uint32(n)), refusal{}
	case kindUint64:
		return protoreflect.ValueOfUint64(uint64(n)), refusal{}
	}
	return protoreflect.ValueOfInt64(n), refusal{}
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
		return 0, codeNotAnInteger
	}
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 {
			return 0, codeNotAnInteger
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
			return codeNotAnInteger
		}
	}
	return codeOutOfRange
}

func bytesValue(text string) (protoreflect.Value, refusal) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // the decoder passes over line ends
		return protoreflect.Value{}, refusal{codeInvalidBase64, "Must be base64 with padding (RFC 4648 §4)."}
	}
	return protoreflect.ValueOfBytes(b), refusal{}
}

// instantLayout is how instants are written: always UTC, always microseconds.
const instantLayout = "2006-01-02T15:04:05.000000Z"

// instantValue reads an RFC 3339 instant of at most microseconds.
func instantValue(text string) (protoreflect.Value, refusal) {
	var t time.Time
	if err := t.UnmarshalText([]byte(text)); err != nil || t.Nanosecond()%1000 != 0 {
		return protoreflect.Value{}, refusal{codeInvalidTime, "Must be an RFC 3339 time with at most six decimals, such as 2026-01-31T09:30:00Z."}
	}
	stamp := timestamppb.New(t)
	if stamp.CheckValid() != nil {
		return protoreflect.Value{}, refusal{codeInvalidTime, "The year must be 0001 to 9999 in UTC."}
	}
	return protoreflect.ValueOfMessage(stamp.ProtoReflect()), refusal{}
}

// wrongType says what x takes.
func (x *member) wrongType() refusal {
	want := wanted[x.kind]
	if x.dict {
		want = "an object whose values are strings"
	}
	return refusal{codeWrongType, "Must be " + want + "."}
}

var wanted = [...]string{
	kindText: "a string", kindBool: "true or false", kindBytes: "a string of base64",
	kindInt32: "a whole number", kindInt64: "a whole number", kindUint32: "a whole number", kindUint64: "a whole number",
	kindWord: "a string", kindInstant: "a string with an RFC 3339 time", kindObject: "an object",
}
