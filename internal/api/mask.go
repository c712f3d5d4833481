package api

import "strings"

// Limits on what an answer or the log repeats of a request.
const (
	echoMax      = 40 // bytes of a name that the caller made up
	echoDigits   = 5  // digits in a row that may be part of a card number
	logDigits    = 12 // the shortest card number; shorter runs occur in our own ids
	maskedDigits = "…"
)

// echo makes a name that the caller sent fit to be sent back: short, and
// without runs of digits, which may be a card number in the wrong place.
func echo(name string) string {
	name = maskDigits(name, echoDigits)
	if len(name) > echoMax {
		name = strings.ToValidUTF8(name[:echoMax], "") + "…"
	}
	return name
}

// maskDigits replaces every run of at least longest digits by an ellipsis. One
// space or dash inside a run does not end it.
func maskDigits(s string, longest int) string {
	var out strings.Builder
	kept := 0
	for i := 0; i < len(s); {
		end, digits := digitRun(s, i)
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

// digitRun is the end of the run of digits that starts at i, and its count of digits.
func digitRun(s string, i int) (end, digits int) {
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
