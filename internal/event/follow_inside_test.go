package event

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
)

// TestAFollowerLooksForOtherProcesses: this event is written without the bell, as
// another process would.
func TestAFollowerLooksForOtherProcesses(t *testing.T) {
	d := dbtest.SQLite(t)
	cafe, waits := id.Derive[id.Merchant]("cafe"), make(chan struct{})
	c := looking{clock.NewManual(), sync.OnceFunc(func() { close(waits) })}
	found := errors.New("found")
	done := make(chan error, 1)
	go func() {
		done <- NewLog(d).Follow(t.Context(), c, Interest{Merchant: cafe}, 0, Reader{Take: func(Event) error { return found }})
	}()
	<-waits
	err := d.Write(t.Context(), []db.Lock{Lock()}, func(tx *db.Tx) error {
		e := Event{ID: id.New[id.Event](c.Now()), Fact: Fact{Merchant: cafe, Type: "payer.created", Data: &florinv1.EventData{}, At: c.Now()}}
		e.link(tx)
		events.Insert(tx, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Move(followPoll)
	if err := <-done; !errors.Is(err, found) {
		t.Error(err)
	}
	if tail := tailOf(d.Shared()); tail.followers.Load() != 0 || len(tail.ears) != 0 {
		t.Errorf("%d still follow: %v", tail.followers.Load(), tail.ears)
	}
}

// looking tells when it is first waited for other processes.
type looking struct {
	*clock.Manual
	waits func()
}

func (l looking) Sleep(ctx context.Context, d time.Duration) error {
	if d == followPoll {
		l.waits()
	}
	return l.Manual.Sleep(ctx, d)
}
