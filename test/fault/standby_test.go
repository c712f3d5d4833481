package fault

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A transaction that writes and leaves nothing, and whether it waits for a standby.
const (
	probe        = `/* probe */ select pg_logical_emit_message(true, 'probe', '')`
	probeWaits   = `select count(pg_cancel_backend(pid)) from pg_stat_activity where query like '/* probe */%' and wait_event = 'SyncRep'`
	probeTimeout = 20 * time.Second
)

// waitFor sets the standbys that a COMMIT waits for; "" waits for none. The setting is
// in force some time after it was read again (PostgreSQL's checkpointer puts it there,
// once it is free to), so a probe tells when.
func (c *cluster) waitFor(standbys string) {
	c.t.Helper()
	for _, sql := range []string{fmt.Sprintf("alter system set synchronous_standby_names = '%s'", standbys), "select pg_reload_conf()"} {
		if err := c.exec(sql); err != nil {
			c.t.Fatal(err)
		}
	}
	eventually(c.t, probeTimeout, "the setting of standbys is in force", func() bool { return c.commitWaits() == (standbys != "") })
}

// commitWaits tells whether a commit waits for a standby now.
func (c *cluster) commitWaits() bool {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- onDatabase(ctx, c.url, probe) }()
	conn, err := pgx.Connect(ctx, c.url)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close(ctx)
	for waited := false; ; {
		var canceled int
		if err := conn.QueryRow(ctx, probeWaits).Scan(&canceled); err != nil {
			c.t.Fatal(err)
		}
		waited = waited || canceled > 0
		select {
		case err := <-ended:
			if err != nil {
				c.t.Fatal(err)
			}
			return waited
		case <-time.After(20 * time.Millisecond):
		}
	}
}

const cancelCommitter = `select pg_cancel_backend(pid) from pg_stat_activity
	where application_name = 'florin-committer' and datname = current_database()`

// TestStandbyAway commits while the synchronous standby is away. PostgreSQL then has
// committed and waits, or, if the wait is canceled, says so in a warning: either way
// nobody may be told that it succeeded or failed, nothing may happen twice, and the
// server must neither hang its callers nor its operator.
func TestStandbyAway(t *testing.T) {
	c := ownCluster(t)
	p := c.place()
	s := start(t, p)
	const crowd, amount = 8, 7

	c.waitFor("FIRST 1 (nobody)")
	var wg sync.WaitGroup
	var unknown atomic.Int64
	for range crowd {
		wg.Go(func() { // without keys, so that nothing but the committer prevents a second effect
			a, err := s.api.pay("", s.world.Wallet, amount)
			switch {
			case err == nil && a.status == 503 && a.shown().Code == "outcome_unknown":
				unknown.Add(1)
			case err != nil || a.status != 503 || a.shown().Code != "storage_failed": // canceled before its COMMIT: it has no effect
				t.Errorf("a payment whose commit was canceled: %v %s", err, a)
			}
		})
	}
	answered := make(chan struct{})
	go func() { defer close(answered); wg.Wait() }()
	eventually(t, 25*time.Second, "every commit is canceled", func() bool {
		_ = c.exec(cancelCommitter) // until it has met all of them
		select {
		case <-answered:
			return true
		case <-time.After(200 * time.Millisecond):
			return false
		}
	})
	c.waitFor("")
	var a answer
	eventually(t, 10*time.Second, "payments succeed again", func() (ok bool) {
		var err error
		a, err = s.api.do("GET", "/v1/wallets/"+s.world.Wallet, "", nil)
		return err == nil && a.status == 200
	})
	if balance, n := a.shown().Balance, unknown.Load(); n == 0 || balance != walletFunds-n*amount {
		t.Errorf("%d payments of %d of which nothing is known left %d of %d", n, amount, balance, walletFunds)
	}

	c.waitFor("FIRST 1 (nobody)")
	began := time.Now()
	if a, err := s.api.pay("late", s.world.Wallet, amount); err != nil || a.status != 503 || a.shown().Code != "outcome_unknown" {
		t.Errorf("a payment whose commit waits: %v %s", err, a)
	}
	if took := time.Since(began); took > 45*time.Second {
		t.Errorf("its caller waited %s", took)
	}
	if a, err := s.api.do("GET", "/readyz", "", nil); err != nil || a.status != http.StatusServiceUnavailable {
		t.Errorf("/readyz while commits wait: %v %s", err, a)
	}
	began = time.Now()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(40 * time.Second):
		t.Error("the server does not stop while a commit waits")
		s.kill()
	}
	t.Logf("stopped in %s", time.Since(began))
	c.waitFor("")
	s = start(t, p)
	if a, err := s.api.pay("late", s.world.Wallet, amount); err != nil || a.status != 200 {
		t.Errorf("the retry of it: %v %s", err, a)
	}
	p.verify(t)
}
