package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/florinpay/florin/internal/clock"
)

func TestMovingWakesSleepers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.NewManual()
		began := time.Now()
		done := make(chan error)
		go func() { done <- c.Sleep(t.Context(), 24*time.Hour) }()
		synctest.Wait()
		c.Move(24 * time.Hour)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("slept %v of machine time", waited)
		}
	})
}

func TestSleepEndsWithItsContext(t *testing.T) {
	for name, c := range map[string]clock.Clock{"system": clock.System{}, "manual": clock.NewManual()} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Sleep = %v, want Canceled", name, err)
		}
	}
}

func TestNowIsWhatTheDatabaseKeeps(t *testing.T) {
	now := clock.System{}.Now()
	if now.Location() != time.UTC || !now.Equal(time.UnixMicro(now.UnixMicro())) {
		t.Errorf("Now = %v", now)
	}
}
