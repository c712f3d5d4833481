package wire

import "strings"

// Limits on what an answer or the log repeats of a request.
const (
	echoMax      = 40 // bytes of a name that the caller made up
	EchoDigits   = 5  // digits in a row that may be part of a card number
	LogDigits    = 12 // the shortest card number; shorter runs occur in our own ids
	maskedDigits = "…"
)

// Echo makes a name that the caller sent fit to be sent back: short, and
// without runs of digits, which may be a card number in the wrong place.
func Echo(name string) string {
	name = MaskDigits(name, EchoDigits)
	if len(name) > echoMax {
		name = strings.ToValidUTF8(name[:echoMax], "") + "…"
	}
	return name
}

// MaskDigits replaces every run of at least longest digits by an ellipsis. One
// space or dash inside a run does not end it.
func MaskDigits(s string, longest int) string {
	var out strings.Builder
	kept := 0
	for i := 0; i < len(s); {
		end, digits := DigitRun(s, i)
		if digits >= longest {
			out.WriteString(s[kept:i])
			out.WriteString(maskedDigits)
			kept = end
		}
		i = max(end, i+1)
	}
	if kept == 0 {
		return s
	}
	out.WriteString(s[kept:])
	return out.String()
}

// DigitRun is the end of the run of digits that starts at i, and its count of digits.
func DigitRun(s string, i int) (end, digits int) {
	end = i
	for j := i; j < len(s); j++ {
		switch c := s[j]; {
		case c >= '0' && c <= '9':
			digits++
			end = j + 1
		case (c == ' ' || c == '-') && j == end && j > i:
		default:
			return end, digits
		}
	}
	return end, digits
}
