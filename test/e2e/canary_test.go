package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestCardNumbersStayInTheVault sends card numbers and codes through every endpoint,
// rightly and wrongly, kills the server while it holds some, and searches everything
// that is left: files, tables, logs, answers, metrics, what it printed while dying.
func TestCardNumbersStayInTheVault(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := devIn(t, at, []string{"GOTRACEBACK=all"}, "--log", "debug")
		c := s.caller()
		c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		approved := 0
		for i, e := range endpoints() {
			for _, p := range e.probes(canaries[i%(len(canaries)-1)]) {
				p.send(t, c)
			}
		}
		for _, n := range canaries[:len(canaries)-1] {
			for _, p := range paid(n) {
				if p.send(t, c) == http.StatusOK {
					approved++
				}
			}
		}
		if approved < 2*len(canaries) {
			t.Errorf("only %d requests with a card were taken: the search would prove little", approved)
		}
		s.search(t, "while it runs")
		s.Stop(t)
		s.search(t, "after a stop")

		for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT} {
			s = devIn(t, at, []string{"GOTRACEBACK=all"}, "--log", "debug")
			s.fill(t)
			s.Kill(signal)
			if !strings.Contains(s.Errors(), "goroutine ") {
				t.Errorf("%s: no goroutines were printed", signal)
			}
			s.search(t, "after "+signal.String())
		}
		at.verified(t)
	})
}

// send sends a probe and searches its answer. It gives the status.
func (p probe) send(t *testing.T, c *caller) int {
	t.Helper()
	a, err := c.do(p.method, p.path, p.body, p.headers...)
	if err != nil {
		t.Errorf("%s %s: %v", p.method, p.path, err)
		return 0
	}
	what := fmt.Sprintf("the answer to %s %s %s %q", p.method, p.path, p.body, p.headers)
	if a.status >= 500 {
		t.Errorf("%s is %d: %s", what, a.status, a.body)
	}
	spotless(t, what, a.body)
	for name, values := range a.header {
		spotless(t, what+", header "+name, []byte(name+strings.Join(values, ",")))
	}
	return a.status
}

// fill leaves cards in the server's memory: payments at a silent bank, and a body
// that has not come to its end.
func (s *server) fill(t *testing.T) {
	t.Helper()
	n := canaries[len(canaries)-1]
	for range 4 {
		c := s.caller()
		go func() {
			_, _ = c.do("POST", "/v1/payments", paid(n)[0].body) // it will never be answered
		}()
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "POST /v1/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"+
		`{"card_number":"%s","cvv":"%s",`, s.Key, canaries[0], canaryCode)
	time.Sleep(500 * time.Millisecond) // until the bank is asked
}

// search looks at everything that a server has left or shows.
func (s *server) search(t *testing.T, when string) {
	t.Helper()
	for _, dir := range []string{s.data, s.Dir} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if err == nil {
				spotless(t, when+", the file "+filepath.Base(path), text)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	if s.database != "" {
		searchTables(t, when, s.database)
	}
	select {
	case <-s.Ended:
		return
	default:
	}
	for _, page := range []string{"/metrics", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1", "/debug/pprof/cmdline"} {
		a := answered(t)((&caller{url: s.OpsURL, http: http.DefaultClient}).do("GET", page, nil))
		spotless(t, when+", "+page, a.body)
	}
}

// searchTables searches every value of every table.
func searchTables(t *testing.T, when, database string) {
	t.Helper()
	eachValue(t, database, func(column string, value any) { searchValue(t, when+", the column "+column, value) })
}

// eachValue reads every value of every table.
func eachValue(t *testing.T, database string, look func(column string, value any)) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "select format('%I.%I', table_schema, table_name) from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatalf("the tables are %q: %v", tables, err)
	}
	for _, table := range tables {
		rows, err := conn.Query(ctx, "select * from "+table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				t.Fatal(err)
			}
			for i, value := range values {
				look(table+"."+rows.FieldDescriptions()[i].Name, value)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func searchValue(t *testing.T, where string, value any) {
	t.Helper()
	switch v := value.(type) {
	case string:
		spotless(t, where, []byte(v))
		if v == canaryCode || v == canaryCodeOfFour {
			t.Errorf("%s is a code", where)
		}
	case []byte:
		spotless(t, where, v)
	}
}

// TestCardNumberAsIdempotencyKey: some callers make keys of what they have at hand.
// The key goes into the log of events, so a card number must not be taken as one.
func TestCardNumberAsIdempotencyKey(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		c := s.caller()
		for _, key := range []string{canaries[0], "order-" + canaries[1], grouped(canaries[2], "-")} {
			probe{"POST", "/v1/payments", []byte(amount("100")), []string{"Idempotency-Key", key}}.send(t, c)
			probe{"POST", "/v1/payers", []byte(`{"name":"Ada"}`), []string{"Idempotency-Key", "payer-" + key}}.send(t, c)
		}
		s.Stop(t)
		s.search(t, "afterwards")
	})
}
