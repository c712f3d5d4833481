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
)

// hog keeps everybody else from writing the row k until it is let go.
func hog(t *testing.T, url string) (letGo func()) {
	t.Helper()
	raw := open(t, url)
	conn, err := raw.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begin := "begin immediate"
	if db.IsPostgres(url) {
		begin = "begin"
	}
	for _, s := range []string{begin, "update hold set state = 'hogged' where id = 'k'"} {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return sync.OnceFunc(func() {
		if _, err := conn.ExecContext(context.WithoutCancel(t.Context()), "rollback"); err != nil {
			t.Error(err)
		}
		_ = conn.Close()
	})
}

// TestAHungDatabaseHangsNobody: who waits for a write leaves when its time is up, the
// database is not said to be healthy, and a write whose caller has left has no effect
// unless it was told that it may have one.
func TestAHungDatabaseHangsNobody(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d := dbtest.Open(t, db.Config{URL: url})
		if err := add(d, "k", 1, nil); err != nil {
			t.Fatal(err)
		}
		letGo := hog(t, url)
		defer letGo()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		var wg sync.WaitGroup
		for range 2 { // one in the batch that hangs, one in the queue
			wg.Go(func() {
				err := d.Write(ctx, lock("k"), func(tx *db.Tx) error {
					c, _ := counters.Get(tx, "k")
					c.count += 100
					counters.Update(tx, c)
					return nil
				})
				if !errors.Is(err, db.ErrStorage) {
					t.Errorf("a write that did not run is answered %v", err)
				}
			})
			time.Sleep(50 * time.Millisecond)
		}
		if wg.Wait(); time.Since(began) > 5*time.Second {
			t.Errorf("the callers waited %s", time.Since(began))
		}
		for began := time.Now(); d.Healthy(t.Context()) == nil; time.Sleep(20 * time.Millisecond) {
			if time.Since(began) > 9*time.Second {
				t.Fatal("a database that hangs is called healthy")
			}
		}
		letGo()
		if err := add(d, "k", 1, nil); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d, "k"); n != 2 {
			t.Errorf("writes that were given up had an effect: %d", n)
		}
		if err := d.Healthy(t.Context()); err != nil {
			t.Errorf("it has recovered: %v", err)
		}
	})
}

// TestALongReaderStopsNoWriter: somebody looks at an old moment for as long as it takes
// while the log is due to begin anew.
func TestALongReaderStopsNoWriter(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := add(d, "k", 1, nil); err != nil {
		t.Fatal(err)
	}
	view, err := d.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	large := strings.Repeat("x", 1<<20)
	for i := range 40 { // past the length at which the log is begun anew
		err := d.Write(t.Context(), lock(fmt.Sprint(i)), func(tx *db.Tx) error {
			counters.Insert(tx, counter{key: fmt.Sprint(i), state: large})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for began := time.Now(); time.Since(began) < 3*time.Second; {
		one := time.Now()
		if err := add(d, "k", 1, nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(one); took > 2*time.Second {
			t.Fatalf("a write waited %s for a reader", took)
		}
	}
}

// TestManyMigrateAtOnce: servers that start together on a new database.
func TestManyMigrateAtOnce(t *testing.T) {
	for round := range 5 {
		url := filepath.Join(t.TempDir(), fmt.Sprint(round)+".db")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := db.Migrate(t.Context(), url); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}
