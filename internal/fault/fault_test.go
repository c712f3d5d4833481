package fault_test

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/fault"
)

func declared() *fault.Fault {
	return fault.New(fault.Refused, "card_declined", "The card was declined.")
}

// refinements are the With methods, each with what it alone should change.
var refinements = map[string]struct {
	refine func(*fault.Fault) *fault.Fault
	want   func(*fault.Fault)
}{
	"With": {
		func(f *fault.Fault) *fault.Fault { return f.With("Only %d%% is left.", 5) },
		func(f *fault.Fault) { f.Detail = "Only 5% is left." },
	},
	"WithField": {
		func(f *fault.Fault) *fault.Fault { return f.WithField("/amount", "too_small", "Send 1 or more.") },
		func(f *fault.Fault) { f.Fields = []fault.Field{{"/amount", "too_small", "Send 1 or more."}} },
	},
	"WithDecline": {
		func(f *fault.Fault) *fault.Fault { return f.WithDecline("lost_card", "do_not_retry") },
		func(f *fault.Fault) { f.DeclineCode, f.Advice = "lost_card", "do_not_retry" },
	},
	"WithObject": {
		func(f *fault.Fault) *fault.Fault { return f.WithObject("pay_1") },
		func(f *fault.Fault) { f.Object = "pay_1" },
	},
	"WithRetryAfter": {
		func(f *fault.Fault) *fault.Fault { return f.WithRetryAfter(time.Second) },
		func(f *fault.Fault) { f.RetryAfter = time.Second },
	},
	"WithCause": {
		func(f *fault.Fault) *fault.Fault { return f.WithCause(io.EOF) },
		func(*fault.Fault) {},
	},
}

func TestRefiningCopies(t *testing.T) {
	for name, r := range refinements {
		original, want := declared(), declared()
		got := r.refine(original)
		if !reflect.DeepEqual(original, declared()) {
			t.Errorf("%s changed the declared fault to %+v", name, original)
		}
		r.want(want)
		if !reflect.DeepEqual(public(got), public(want)) {
			t.Errorf("%s gives %+v, want %+v", name, public(got), public(want))
		}
	}
}

// public is what a caller may see of f.
func public(f *fault.Fault) fault.Fault {
	return fault.Fault{Kind: f.Kind, Code: f.Code, Detail: f.Detail, DeclineCode: f.DeclineCode,
		Advice: f.Advice, Object: f.Object, Fields: f.Fields, RetryAfter: f.RetryAfter}
}

func TestARefinedFaultIsTheDeclaredOne(t *testing.T) {
	base, twin := declared(), declared()
	for first, a := range refinements {
		once := a.refine(base)
		for second, b := range refinements {
			twice := b.refine(once)
			wrapped := fmt.Errorf("capture: %w", twice)
			if !errors.Is(twice, once) || !errors.Is(twice, base) || !errors.Is(wrapped, base) || !errors.Is(errors.Join(io.EOF, wrapped), base) {
				t.Errorf("%s and %s: no longer the declared fault", first, second)
			}
			if errors.Is(wrapped, twin) {
				t.Errorf("%s and %s: equal to another fault of the same words", first, second)
			}
		}
		if errors.Is(base, once) {
			t.Errorf("%s: the declared fault is taken for its refinement", first)
		}
		if !errors.Is(once, once) {
			t.Errorf("%s: not itself", first)
		}
	}
}

func TestBranchesOfFieldsDoNotMeet(t *testing.T) {
	trunk := fault.ErrInvalid.WithField("/a", "a", "").WithField("/b", "b", "").WithField("/c", "c", "")
	left, right := trunk.WithField("/left", "l", ""), trunk.WithField("/right", "r", "")
	if left.Fields[3].Pointer != "/left" || right.Fields[3].Pointer != "/right" || len(trunk.Fields) != 3 || fault.ErrInvalid.Fields != nil {
		t.Errorf("left %v, right %v, trunk %v", left.Fields, right.Fields, trunk.Fields)
	}
	left.Fields[0].Pointer = "/changed"
	if trunk.Fields[0].Pointer != "/a" || right.Fields[0].Pointer != "/a" {
		t.Error("two faults share their fields")
	}
}

func TestTheCauseIsForTheLogAlone(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.7:5432: connection refused")
	f := declared().WithField("/source", "bad_source", "Send another.").WithCause(cause).WithDecline("generic", "try_later")
	if seen := fmt.Sprintf("%+v", public(f)); strings.Contains(seen, "10.0.0.7") {
		t.Errorf("the caller sees the cause: %s", seen)
	}
	if !errors.Is(f, cause) || errors.Unwrap(f) != cause {
		t.Error("the cause cannot be found")
	}
	for _, want := range []string{f.Code, f.Detail, "/source", "bad_source", cause.Error()} {
		if !strings.Contains(f.Error(), want) {
			t.Errorf("the log line %q lacks %q", f, want)
		}
	}
	if later := f.With("Try again."); !errors.Is(later, cause) {
		t.Error("a later refinement lost the cause")
	}
}

func TestOfFindsTheOutermostFault(t *testing.T) {
	inner := declared().WithObject("pay_1")
	outer := fault.ErrUnavailable.WithCause(inner)
	for name, c := range map[string]struct {
		err  error
		want *fault.Fault
	}{
		"itself":  {inner, inner},
		"wrapped": {fmt.Errorf("a: %w", fmt.Errorf("b: %w", inner)), inner},
		"joined":  {errors.Join(io.EOF, inner), inner},
		"nested":  {fmt.Errorf("a: %w", outer), outer},
	} {
		if got := fault.Of(c.err); got != c.want {
			t.Errorf("%s: Of = %v, want %v", name, got, c.want)
		}
	}
	if got := fault.Of(nil); got != nil {
		t.Errorf("Of(nil) = %v", got)
	}
}

func TestAnyOtherErrorBecomesInternal(t *testing.T) {
	f := fault.Of(fmt.Errorf("read /var/lib/florin/db: %w", io.ErrUnexpectedEOF))
	if !errors.Is(f, fault.ErrInternal) || f.Kind != fault.Internal || f.Detail != fault.ErrInternal.Detail {
		t.Errorf("Of = %+v", f)
	}
	if !errors.Is(f, io.ErrUnexpectedEOF) {
		t.Error("the log cannot find the cause")
	}
	if errors.Unwrap(fault.ErrInternal) != nil {
		t.Error("ErrInternal itself got a cause")
	}
}
