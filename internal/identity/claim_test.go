package identity_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

var ann = id.Derive[id.Payer]("ann")

func (w *world) claim(payer id.Payer) string {
	w.Helper()
	code, end, err := w.ClaimPayer(w.Context(), cafe, true, payer, "", browser)
	if err != nil || !end.Equal(w.clock.Now().Add(identity.ClaimTTL)) {
		w.Fatal(end, err)
	}
	return code
}

func TestAPersonClaimsAPayer(t *testing.T) {
	each(t, func(w *world) {
		p, in := w.ada("ada@example.com")
		want := identity.Link{Payer: ann, Person: p.ID, Merchant: cafe, Live: true, LinkedAt: w.clock.Now()}
		code := w.claim(ann)
		_, err := w.PersonOf(t.Context(), ann)
		is(t, err, fault.ErrNotFound, "before the claim")
		if l, err := w.RedeemClaim(t.Context(), in.Session, code, browser); l != want || err != nil {
			t.Fatalf("linked %+v, %v", l, err)
		}
		_, err = w.RedeemClaim(t.Context(), in.Session, code, browser)
		is(t, err, identity.ErrClaimEnded, "again")
		if l, err := w.PersonOf(t.Context(), ann); l != want || err != nil {
			t.Errorf("the payer is %+v, %v", l, err)
		}
		if list, err := w.PayersOf(t.Context(), p.ID); !reflect.DeepEqual(list, []identity.Link{want}) || err != nil {
			t.Errorf("the person is %+v, %v", list, err)
		}
		second := w.claim(ann) // for the one who has it: no harm, used up
		if l, err := w.RedeemClaim(t.Context(), in.Session, second, browser); l != want || err != nil {
			t.Errorf("linked again %+v, %v", l, err)
		}
		_, other := w.ada("bob@example.com")
		_, err = w.RedeemClaim(t.Context(), other.Session, w.claim(ann), browser)
		is(t, err, identity.ErrPayerLinked, "somebody else")
		is(t, w.Unlink(t.Context(), other.Session, ann, browser), fault.ErrNotFound, "unlinking another's")
		is(t, w.Close(t.Context(), in.Session, browser), identity.ErrInUse, "closing with a payer")
		if err := w.Unlink(t.Context(), in.Session, ann, browser); err != nil {
			t.Error(err)
		}
		if _, err := w.RedeemClaim(t.Context(), other.Session, w.claim(ann), browser); err != nil {
			t.Error("once it is free:", err)
		}
		if err := w.Close(t.Context(), in.Session, browser); err != nil {
			t.Error("closing without:", err)
		}
	})
}

func TestAClaimIsForADayAndOnce(t *testing.T) {
	each(t, func(w *world) {
		late, soon := w.claim(ann), ""
		w.clock.move(identity.ClaimTTL)
		_, in := w.ada("ada@example.com")
		for name, code := range map[string]string{"a day later": late, "odd": "\x00\xff", "none": "", "another": late[:42] + "A"} {
			_, err := w.RedeemClaim(t.Context(), in.Session, code, browser)
			is(t, err, identity.ErrClaimEnded, name)
		}
		soon = w.claim(ann)
		w.clock.move(identity.ClaimTTL - time.Microsecond)
		in, err := w.signIn("ada@example.com", password, "")
		if err != nil {
			t.Fatal(err)
		}
		good, errs := atOnce(8, func(int) error {
			_, err := w.RedeemClaim(t.Context(), in.Session, soon, browser)
			return err
		})
		if good != 1 {
			t.Errorf("a claim worked %d times", good)
		}
		for _, err := range errs {
			is(t, err, identity.ErrClaimEnded, "the others")
		}
	})
}

func TestSweepingDeletesWhatIsOver(t *testing.T) {
	each(t, func(w *world) {
		w.claim(ann)
		must(w.BeginSignIn(t.Context()))
		w.clock.move(6 * time.Minute)
		must(w.BeginSignIn(t.Context()))
		if err := w.Sweep(t.Context()); err != nil || w.count("challenge") != 1 || w.count("claim") != 1 {
			t.Errorf("%d challenges, %d claims left, %v", w.count("challenge"), w.count("claim"), err)
		}
		w.clock.move(identity.ClaimTTL)
		if err := w.Sweep(t.Context()); err != nil || w.count("challenge") != 0 || w.count("claim") != 0 {
			t.Errorf("%d challenges, %d claims left, %v", w.count("challenge"), w.count("claim"), err)
		}
		w.ada("ada@example.com")
		w.clock.move(89 * 24 * time.Hour)
		must(w.signIn("ada@example.com", password, ""))
		for want := int64(2); want > 0; want-- { // the first sweep is a day early for both
			if err := w.Sweep(t.Context()); err != nil || w.count("person_session") != want {
				t.Errorf("%d sessions left, want %d, %v", w.count("person_session"), want, err)
			}
			w.clock.move(25 * time.Hour)
		}
	})
}

// TestRunSweeps until it is told to stop.
func TestRunSweeps(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	manual := clock.NewManual()
	r := must(identity.New(identity.Config{DB: w.d, Clock: manual, Sealer: w.safe, RPID: rpID, Origins: []string{origin}, Name: "Florin"}))
	must(r.BeginSignIn(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	for w.count("challenge") > 0 {
		manual.Move(10 * time.Minute)
		time.Sleep(time.Millisecond)
	}
	stop()
	<-done
}
