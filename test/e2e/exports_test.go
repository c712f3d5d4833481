package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	exported = 1700 // more than three pages of 500
	tellers  = 8
)

// TestExportsWhileOthersPay exports more than three pages, read slowly, while payments
// are made all the time: what was acknowledged before is there once, oldest first, and
// what was begun after is not.
func TestExportsWhileOthersPay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		key := s.must(t, "key", "create", s.Merchant, "--rate", "0")
		before := s.payments(t, key, exported)
		var stop atomic.Bool
		var busy sync.WaitGroup
		late := make(chan map[string]bool, 1)
		busy.Go(func() { late <- s.paying(t, key, &stop) })
		for _, path := range []string{"/v1/exports/payments", "/v1/exports/transfers"} {
			began := make(chan struct{})
			during := make(chan map[string]bool, 1) // begun after the answer has
			var enough atomic.Bool
			go func() {
				<-began
				during <- s.paying(t, key, &enough)
			}()
			seen := s.readSlowly(t, key, path, began)
			enough.Store(true)
			after := <-during
			if len(after) < tellers {
				t.Errorf("%s: only %d payments were made meanwhile: nothing is shown", path, len(after))
			}
			for id, n := range seen {
				if after[id] {
					t.Errorf("%s: %s was made after it began", path, id)
				}
				if path == "/v1/exports/payments" && n != 1 {
					t.Errorf("%s: %s is there %d times", path, id, n)
				}
			}
			for id := range before {
				if seen[id] == 0 {
					t.Errorf("%s: %s is missing", path, id)
				}
			}
		}
		stop.Store(true)
		busy.Wait()
		after := <-late
		s.Stop(t)
		at.verified(t)
		// The command line has all of them, without a server.
		file := filepath.Join(t.TempDir(), "payments.ndjson")
		at.must(t, "export", "payments", "--merchant", s.Merchant, "--format", "ndjson", "--out", file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, ids := range []map[string]bool{before, after} {
			for id := range ids {
				if n := strings.Count(string(text), `{"id":"`+id+`"`); n != 1 {
					t.Errorf("the file has %s %d times", id, n)
				}
			}
		}
	})
}

// payments makes n of them and gives their ids.
func (s *server) payments(t *testing.T, key string, n int64) map[string]bool {
	t.Helper()
	var left atomic.Int64
	left.Store(n)
	return s.tell(t, key, func() bool { return left.Add(-1) >= 0 })
}

// paying makes payments until it is to stop.
func (s *server) paying(t *testing.T, key string, stop *atomic.Bool) map[string]bool {
	t.Helper()
	return s.tell(t, key, func() bool { return !stop.Load() })
}

// tell pays from the wallet, several at a time, as long as more says so.
func (s *server) tell(t *testing.T, key string, more func() bool) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	ids := map[string]bool{}
	var work sync.WaitGroup
	for range tellers {
		work.Go(func() {
			c := s.caller().as(key)
			for more() {
				a, err := c.do("POST", "/v1/payments", fmt.Appendf(nil, `{"amount":1,"currency":"USD","source":%q}`, s.Wallet))
				if err != nil || a.status != 200 {
					t.Errorf("a payment: %d %s, %v", a.status, a.body, err)
					return
				}
				mu.Lock()
				ids[a.field("id")] = true
				mu.Unlock()
			}
		})
	}
	work.Wait()
	return ids
}

// readSlowly counts the payments that an export names, and holds it to its order. It
// closes began as soon as the answer has come.
func (s *server) readSlowly(t *testing.T, key, path string, began chan<- struct{}) map[string]int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Accept", "application/x-ndjson")
	answer, err := http.DefaultClient.Do(r)
	close(began)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	seen := map[string]int{}
	var places []string
	lines := bufio.NewScanner(answer.Body)
	for n := 0; lines.Scan(); n++ {
		var row struct {
			ID, Cause string
			Sequence  int64
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		place := row.ID
		if row.Cause != "" {
			place, row.ID = fmt.Sprintf("%012d", row.Sequence), row.Cause
		}
		places = append(places, place)
		seen[row.ID]++
		if n%100 == 0 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	if err := lines.Err(); err != nil || answer.StatusCode != 200 {
		t.Fatalf("%s: %d, %v", path, answer.StatusCode, err)
	}
	if !slices.IsSorted(places) || len(slices.Compact(slices.Clone(places))) != len(places) {
		t.Errorf("%s: not in order, or twice", path)
	}
	return seen
}
