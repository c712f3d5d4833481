package event

import "strings"

func Known(kind string) bool { return strings.Contains(kind, ".") }

func Matches(pattern, kind string) bool {
	if noun, whole := strings.CutSuffix(pattern, ".*"); whole {
		return strings.HasPrefix(kind, noun+".")
	}
	return pattern == kind
}
