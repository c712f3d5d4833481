package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/job"
)

const kind job.Kind = "lamp.light"

func add(t *testing.T, d *db.DB, object string, due time.Time) {
	t.Helper()
	err := d.Write(t.Context(), []db.Lock{job.Lock(kind, object)}, func(tx *db.Tx) error {
		job.Add(tx, kind, object, due, due)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func runner(d *db.DB, c clock.Clock, h job.Handler) *job.Runner {
	return job.NewRunner(d, c, slog.New(slog.DiscardHandler), map[job.Kind]job.Handler{kind: h})
}

func TestAJobRunsWhenItIsDueAndOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c, ran := clock.NewManual(), 0
		r := runner(d, c, func(context.Context, job.Job) (time.Time, error) { ran++; return time.Time{}, nil })
		add(t, d, "a", c.Now().Add(time.Hour))
		for range 2 {
			if _, err := r.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if ran != 0 {
			t.Fatal("ran before it was due")
		}
		c.Move(time.Hour + time.Second)
		for range 2 {
			if _, err := r.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if ran != 1 {
			t.Errorf("ran %d times", ran)
		}
	})
}

func TestAFailedJobComesBackLaterEachTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c, ran := clock.NewManual(), 0
		r := runner(d, c, func(context.Context, job.Job) (time.Time, error) {
			if ran++; ran == 1 {
				panic("boom")
			}
			return time.Time{}, errors.New("rail away")
		})
		add(t, d, "a", c.Now())
		for want := 1; want <= 3; want++ {
			if _, err := r.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n, _ := r.RunDue(t.Context()); n != 0 || ran != want {
				t.Fatalf("after failure %d: taken %d at once, ran %d", want, n, ran)
			}
			c.Move(time.Minute)
		}
	})
}

func TestTwoRunnersNeverShareAJobAndADeadOnesLeaseEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual()
		var ran atomic.Int64
		h := func(context.Context, job.Job) (time.Time, error) { ran.Add(1); return time.Time{}, nil }
		a, b := runner(d, c, h), runner(d, c, h)
		for i := range 20 {
			add(t, d, string(rune('a'+i)), c.Now())
		}
		var wg sync.WaitGroup
		for _, r := range []*job.Runner{a, b} {
			wg.Go(func() {
				if _, err := r.RunDue(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if ran.Load() != 20 {
			t.Errorf("20 jobs ran %d times", ran.Load())
		}
	})
}

func TestDoneRemovesAndAddMoves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual()
		add(t, d, "a", c.Now())
		add(t, d, "a", c.Now().Add(-time.Minute))
		if n, err := job.Waiting(t.Context(), d, c.Now()); n != 1 || err != nil {
			t.Errorf("%d waiting, %v", n, err)
		}
		err := d.Write(t.Context(), []db.Lock{job.Lock(kind, "a")}, func(tx *db.Tx) error {
			job.Done(tx, kind, "a")
			job.Done(tx, kind, "a")
			return nil
		})
		if n, _ := job.Waiting(t.Context(), d, c.Now()); n != 0 || err != nil {
			t.Errorf("%d waiting, %v", n, err)
		}
	})
}
