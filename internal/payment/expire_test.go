package payment_test

import (
	"testing"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/payment"
)

// TestAFinalCaptureLetsTheRestGo: what the payer's hold leaves is let go by the ledger
// and by the rail alike.
func TestAFinalCaptureLetsTheRestGo(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		p := w.pay(t, true)
		if _, err := w.desk.Capture(t.Context(), caller(w.cafe, nil), p, 600, true); err != nil {
			t.Fatal(err)
		}
		if last := w.wire.sends[len(w.wire.sends)-1]; last.Final {
			t.Errorf("with more to come the rail was told %+v", last)
		}
		if _, err := w.desk.Capture(t.Context(), caller(w.cafe, nil), p, 100, false); err != nil {
			t.Fatal(err)
		}
		more := w.wire.sends[len(w.wire.sends)-1]
		more.Reference, more.Final = "one_more", false
		if a := w.wire.Client.Send(t.Context(), more); a.Result != connector.Declined {
			t.Errorf("the rail still holds the rest: %+v", a)
		}
	})
}

// TestAnAuthorizationOutlivesAnOldJob: a job that was taken up for the challenge before
// finds the payment authorized.
func TestAnAuthorizationOutlivesAnOldJob(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		p := w.pay(t, true)
		again, err := w.desk.ExpireJob(t.Context(), job.Job{Kind: payment.JobExpire, Object: string(p)})
		if want := w.clock.Now().Add(payment.AuthorizationFor); err != nil || again.After(want) || !again.After(w.clock.Now()) {
			t.Errorf("the job comes again at %v, %v; want until %v", again, err, want)
		}
		if _, err := w.desk.Capture(t.Context(), caller(w.cafe, nil), p, 100, false); err != nil {
			t.Error(err)
		}
	})
}
