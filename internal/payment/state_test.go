package payment

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const drawingFile = "testdata/states.golden"

// drawing is the whole machine as text, the states in their usual order.
func drawing() string {
	var b strings.Builder
	for _, from := range allStates {
		happenings := slices.Sorted(maps.Keys(transitions[from]))
		if len(happenings) == 0 {
			fmt.Fprintf(&b, "%-16s is final\n", from)
		}
		for _, h := range happenings {
			fmt.Fprintf(&b, "%-16s --%s-> %s\n", from, fmt.Sprintf("%-12s", h), transitions[from][h])
		}
	}
	return b.String()
}

var (
	allStates     = []State{RequiresAction, Processing, RequiresCapture, Succeeded, Canceled, Failed, Expired}
	allHappenings = []Happening{Asked, Confirmed, Challenged, Authorized, Paid, Declined, Kept, Voided, Lapsed}
)

// TestTheMachineIsTheDrawnOne: who changes the machine changes the drawing.
func TestTheMachineIsTheDrawnOne(t *testing.T) {
	got := drawing()
	if os.Getenv("FLORIN_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(drawingFile, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(drawingFile)
	if err != nil || got != string(want) {
		t.Errorf("the machine is now\n%s\nand %s says\n%s%v", got, drawingFile, want, err)
	}
}

// TestNextKnowsNothingElse: what is not drawn is refused and names both words; what
// is drawn uses only the states and happenings of this package.
func TestNextKnowsNothingElse(t *testing.T) {
	drawn := 0
	for _, s := range allStates {
		for _, h := range allHappenings {
			next, err := Next(s, h)
			to, ok := transitions[s][h]
			if ok {
				drawn++
			}
			switch {
			case ok && (err != nil || next != to || !slices.Contains(allStates, to)):
				t.Errorf("Next(%s, %s) = %s, %v", s, h, next, err)
			case !ok && (!errors.Is(err, ErrState) || next != s || !strings.Contains(err.Error(), string(s)) || !strings.Contains(err.Error(), string(h))):
				t.Errorf("Next(%s, %s) = %s, %v, want a refusal that names both", s, h, next, err)
			}
		}
	}
	all := 0
	for _, list := range transitions {
		all += len(list)
	}
	if drawn != all {
		t.Errorf("the machine has %d arrows, of which %d are between known words", all, drawn)
	}
}

// TestEveryStateIsReachedAndLeft: a payment that waits can end, and an end is final.
func TestEveryStateIsReachedAndLeft(t *testing.T) {
	reach := func(from State) map[State]bool {
		seen, list := map[State]bool{}, []State{from}
		for len(list) > 0 {
			s := list[0]
			list = list[1:]
			for _, to := range transitions[s] {
				if !seen[to] {
					seen[to], list = true, append(list, to)
				}
			}
		}
		return seen
	}
	fromStart := reach(Processing)
	for _, s := range allStates {
		if s != Processing && !fromStart[s] {
			t.Errorf("no payment ever becomes %s", s)
		}
		final := s == Succeeded || s == Canceled || s == Failed || s == Expired
		if end := reach(s); final && len(end) > 0 || !final && !end[Canceled] {
			t.Errorf("from %s a payment can still become %v", s, slices.Sorted(maps.Keys(end)))
		}
	}
}
