package db_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
)

// The tests borrow the table "hold": a text key, fixed and changeable columns.
type counter struct {
	key   string
	count int64
	state string
	fixed time.Time
}

var counters = db.NewTable("hold", func(c *counter, f *db.Fields) {
	var none string
	db.Text(f, "id", &c.key)
	db.Text(f, "debit", &none)
	db.Text(f, "credit", &none)
	db.Text(f, "currency", &none)
	db.Time(f, "created_at", &c.fixed)
	amount := int64(0)
	db.Int(f, "amount_minor", &amount)
	f.Mutable()
	db.Int(f, "posted_minor", &c.count)
	db.Text(f, "state", &c.state)
})

func lock(keys ...string) []db.Lock {
	var locks []db.Lock
	for _, k := range keys {
		locks = append(locks, counters.Lock(k))
	}
	return locks
}

func add(d *db.DB, key string, n int64, then error) error {
	return d.Write(context.Background(), lock(key), func(tx *db.Tx) error {
		c, found := counters.Get(tx, key)
		c.key, c.count = key, c.count+n
		if found {
			counters.Update(tx, c)
		} else {
			counters.Insert(tx, c)
		}
		return then
	})
}

func count(t *testing.T, d *db.DB, key string) int64 {
	t.Helper()
	c, _, err := counters.First(t.Context(), d, "where id = $1", key)
	if err != nil {
		t.Fatal(err)
	}
	return c.count
}

func TestConcurrentWritesAllCount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		for i := range 400 {
			wg.Go(func() {
				if err := add(d, fmt.Sprintf("k%d", i%7), 1, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var sum int64
		for i := range 7 {
			sum += count(t, d, fmt.Sprintf("k%d", i))
		}
		if sum != 400 {
			t.Errorf("400 additions left %d", sum)
		}
	})
}

func TestARefusalUndoesItselfAlone(t *testing.T) {
	refusal := errors.New("no")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				var then error
				if i%2 == 1 {
					then = refusal
				}
				if err := add(d, "k", 1, then); !errors.Is(err, then) {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if got := count(t, d, "k"); got != 50 {
			t.Errorf("50 additions and 50 refusals left %d", got)
		}
	})
}

func TestAPanicIsThatWritesFailure(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), lock("k"), func(*db.Tx) error { panic("boom") })
		if fault.Of(err).Kind != fault.Internal {
			t.Errorf("a panic gave %v", err)
		}
		if err := add(d, "k", 1, nil); err != nil {
			t.Errorf("after a panic: %v", err)
		}
	})
}

func TestDeleteAndInsertAgainInOneBatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := add(d, "k", 5, nil); err != nil {
			t.Fatal(err)
		}
		old := time.UnixMicro(1).UTC()
		err := d.Write(t.Context(), lock("k", "fresh"), func(tx *db.Tx) error {
			counters.Delete(tx, "k")
			if _, found := counters.Get(tx, "k"); found {
				t.Error("a deleted row is still there")
			}
			counters.Insert(tx, counter{key: "k", count: 9, fixed: old})
			counters.Insert(tx, counter{key: "fresh"})
			counters.Delete(tx, "fresh")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c, found, err := counters.First(t.Context(), d, "where id = $1", "k")
		if err != nil || !found || c.count != 9 || !c.fixed.Equal(old) {
			t.Errorf("row is %+v, %v, %v", c, found, err)
		}
		if rows, _ := counters.Select(t.Context(), d, "order by id"); len(rows) != 1 {
			t.Errorf("%d rows, want 1", len(rows))
		}
	})
}

func TestADuplicateFailsAloneAndTheRestStands(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := add(d, "k", 1, nil); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { // an insertion without a lock collides with the stored row
			err := d.Write(t.Context(), nil, func(tx *db.Tx) error {
				counters.Insert(tx, counter{key: "k"})
				return nil
			})
			if err == nil {
				t.Error("a duplicate was accepted")
			}
		})
		for i := range 50 {
			wg.Go(func() {
				if err := add(d, fmt.Sprintf("n%d", i%5), 1, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := count(t, d, "n0"); got != 10 {
			t.Errorf("10 additions left %d", got)
		}
	})
}

// Two processes on one database: each commits through its own committer.
func TestTwoCommittersNeverLoseAnUpdate(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		a, b := dbtest.Open(t, db.Config{URL: url}), dbtest.Open(t, db.Config{URL: url})
		var wg sync.WaitGroup
		for i := range 200 {
			d := a
			if i%2 == 1 {
				d = b
			}
			wg.Go(func() {
				if err := add(d, fmt.Sprintf("k%d", i%3), 1, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if sum := count(t, a, "k0") + count(t, a, "k1") + count(t, a, "k2"); sum != 200 {
			t.Errorf("200 additions left %d", sum)
		}
	})
}

func TestAfterRunsOnceAndOnlyWhenDurable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ran := 0
		write := func(then error) error {
			return d.Write(t.Context(), nil, func(tx *db.Tx) error {
				tx.After(func() { ran++ })
				return then
			})
		}
		if write(nil) != nil || write(errors.New("no")) == nil || ran != 1 {
			t.Errorf("After ran %d times", ran)
		}
	})
}

func TestAClosedDatabaseRefusesAndAFullQueueSheds(t *testing.T) {
	d, err := db.Open(t.Context(), db.Config{URL: filepath.Join(t.TempDir(), "x.db"), QueueMax: 1})
	if err != nil {
		t.Fatal(err)
	}
	inside, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = d.Write(context.Background(), nil, func(*db.Tx) error { close(inside); <-release; return nil })
	})
	<-inside
	wg.Go(func() { _ = d.Write(context.Background(), nil, func(*db.Tx) error { return nil }) })
	for d.Waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := add(d, "k", 1, nil); !errors.Is(err, db.ErrBusy) {
		t.Errorf("a full queue gave %v", err)
	}
	close(release)
	wg.Wait()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := add(d, "k", 1, nil); !errors.Is(err, db.ErrClosed) {
		t.Errorf("a closed database gave %v", err)
	}
}

// Corrections are new rows: the database itself refuses to change old ones.
func TestAppendOnlyTablesRefuseChange(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		raw := open(t, url)
		insert := `insert into event (sequence, id, merchant, live, type, object, data, request, idempotency_key, created_at, hash)
			values (1, 'evt_1', 'mer_1', 0, 'x', 'y', '', '', '', 0, '')`
		if _, err := raw.Exec(insert); err != nil {
			t.Fatal(err)
		}
		for _, change := range []string{"delete from event", "update event set live = 1"} {
			if _, err := raw.Exec(change); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", change, err)
			}
		}
	})
}

// TestAQueryTellsWhoEndedIt: who gave up is not told that the database failed only.
func TestAQueryTellsWhoEndedIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const endless = "with recursive c(n) as (select 1 union all select n + 1 from c) select n from c"
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Query(ctx, endless, func(r db.Row) error {
			if r.Int(0) == 10 {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a query that its caller ended is answered %v", err)
		}
		late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := d.Query(late, endless, func(db.Row) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a query whose time was up is answered %v", err)
		}
	})
}
