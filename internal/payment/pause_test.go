package payment_test

import (
	"testing"
	"time"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
)

// TestAPausedProcessAndTheRailAgree: a process stands still between its first line and
// its call, or its clock is behind, for as long as it likes. Another one has meanwhile
// asked the rail, which had seen nothing, and ended the attempt. When the first goes on,
// the payment and the rail say the same.
func TestAPausedProcessAndTheRailAgree(t *testing.T) {
	t.Parallel()
	for _, o := range operations {
		t.Run(o.name, func(t *testing.T) {
			dbtest.EachURL(t, func(t *testing.T, url string) { newWorld(t, url).pause(t, o) })
		})
	}
}

func (w *world) pause(t *testing.T, o operation) {
	ctx := t.Context()
	other := w.d
	if db.IsPostgres(w.url) {
		other = dbtest.Open(t, db.Config{URL: w.url, Log: quiet})
	}
	b := w.start(other)
	card, about := w.before(t, o)
	sent := len(w.wire.sends)
	pauses := make(chan chan<- struct{})
	w.wire.pauses = pauses
	first := make(chan error, 1)
	c := caller(w.cafe, key(t, "crash "+o.name, o.name))
	go func() { first <- o.do(ctx, w.node, c, card, about) }()
	goOn := <-pauses // the first line is written, nothing has left

	w.clock.Move(time.Hour)
	for range 3 { // B adopts the attempt, asks, and asks again
		if err := b.work(ctx); err != nil {
			t.Fatal(err)
		}
		w.clock.Move(time.Minute)
	}
	if n, err := b.desk.Unsettled(ctx); n != 0 || err != nil {
		t.Fatalf("%d attempts are open, %v: the rail has promised nothing", n, err)
	}
	close(goOn)
	if err := <-first; err == nil && o.failed != "" || err != nil && fault.Of(err).Code != o.failed {
		t.Errorf("the process that went on answers %v, want %q", err, o.failed)
	}
	w.oneEffect(t, o, w.wire.sends[sent], false)
	if again := w.wire.Client.Ask(ctx, w.wire.sends[sent].Reference); again.Result == connector.Approved {
		t.Errorf("the rail approved what has failed: %+v", again)
	}
}
