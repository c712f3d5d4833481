package bench

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/clock"
)

const (
	connsMax       = 10_000
	timeoutDefault = 30 * time.Second
)

// Load is a closed loop: each connection sends a request, waits for the whole
// answer, and sends the next, at once or at its pace. Only plain HTTP/1.1, because the generator shares
// its machine with what it measures and must stay cheap.
type Load struct {
	URL     string            // http://host[:port]/path
	Method  string            // POST if empty
	Headers map[string]string // sent with every request, besides Idempotency-Key
	Queries []string          // of each request one, drawn, in place of the URL's own; nil: that
	Body    Body              // nil: no body and no Idempotency-Key

	Conns    int           // 1 to 10,000
	Warmup   time.Duration // unmeasured time first
	Duration time.Duration // measured time
	Timeout  time.Duration // for one request; 30 s if zero
	// Every is the time from one request of a connection to its next. A request takes as
	// long as from when it was due: one that had to wait behind a slow answer is late, too.
	// Zero: the next follows at once.
	Every time.Duration

	// Replay is the share of requests (0 to 1) that repeat the connection's last
	// successful one byte for byte, key included; the answers must be equal.
	Replay float64
	Seed   uint64 // of all draws but the keys

	// Processes are roots of process trees by name ([ProcessServer],
	// [ProcessPostgres]), whose processor time and memory the result tells.
	Processes map[string]int
	// Mallocs, if set, reads the server's running count of allocations, at the
	// start and the end of the measured time. See [MallocsAt].
	Mallocs func(context.Context) (uint64, error)
}

// The phases of a run. What is answered in measuring counts.
const (
	warming int32 = iota
	measuring
	over
)

// Run drives the load and waits for it to end. A ctx that ends stops it at once:
// the result so far comes with the context's error. Requests that fail are no
// error, see [Result]; an invalid Load or an unreadable process is.
func (l Load) Run(ctx context.Context) (Result, error) {
	heads, address, err := l.prepare()
	if err != nil {
		return Result{}, err
	}
	var phase atomic.Int32
	var all sync.WaitGroup
	workers := make([]*worker, l.Conns)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for i := range workers {
		workers[i] = newWorker(&l, heads, address, newDraw(l.Seed, uint64(i)), &phase)
		workers[i].due = time.Now().Add(l.Every * time.Duration(i) / time.Duration(l.Conns))
		all.Go(func() { workers[i].run(ctx) })
	}
	spent, err := l.measure(ctx, &phase)
	if err != nil {
		stop()
	}
	all.Wait()
	r := collect(workers, spent)
	if err == nil {
		err = ctx.Err()
	}
	return r, err
}

// measure takes the workers through the phases and reads the meters around the
// measured time.
func (l *Load) measure(ctx context.Context, phase *atomic.Int32) (spent reading, err error) {
	defer phase.Store(over)
	if err := (clock.System{}).Sleep(ctx, l.Warmup); err != nil {
		return reading{}, err
	}
	before, err := l.readMeters(ctx)
	if err != nil {
		return reading{}, err
	}
	phase.Store(measuring)
	start := time.Now()
	ended := clock.System{}.Sleep(ctx, l.Duration)
	elapsed := time.Since(start)
	phase.Store(over)
	after, err := l.readMeters(context.WithoutCancel(ctx))
	spent = after.since(before)
	spent.elapsed = elapsed
	if ended != nil {
		return spent, ended
	}
	return spent, err
}

// prepare checks the load and gives the first parts that requests have, one of which
// each begins with, and the address to dial.
func (l *Load) prepare() (heads []string, address string, err error) {
	if l.Method == "" {
		l.Method = "POST"
	}
	if l.Timeout == 0 {
		l.Timeout = timeoutDefault
	}
	u, err := url.Parse(l.URL)
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("bench: the URL is not one: %w", err)
	case u.Scheme != "http" || u.Host == "":
		return nil, "", fmt.Errorf("bench: the URL must begin with http:// and name a host, not %q", l.URL)
	case l.Conns < 1 || l.Conns > connsMax:
		return nil, "", fmt.Errorf("bench: connections must be 1 to %d, not %d", connsMax, l.Conns)
	case l.Duration <= 0 || l.Warmup < 0 || l.Timeout < 0 || l.Every < 0:
		return nil, "", fmt.Errorf("bench: the duration must be above zero, warm-up, timeout and pace not below")
	case l.Replay < 0 || l.Replay > 1 || l.Replay > 0 && l.Body == nil:
		return nil, "", fmt.Errorf("bench: the share of replays must be 0 to 1, and needs a body")
	}
	queries := l.Queries
	if len(queries) == 0 {
		queries = []string{u.RawQuery}
	}
	for _, u.RawQuery = range queries {
		head, err := l.head(u)
		if err != nil {
			return nil, "", err
		}
		heads = append(heads, string(head))
	}
	return heads, dialAddress(u), nil
}

func (l *Load) head(u *url.URL) ([]byte, error) {
	head := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n", l.Method, u.RequestURI(), u.Host)
	typed := false
	for _, name := range slices.Sorted(maps.Keys(l.Headers)) {
		if strings.ContainsAny(name+l.Headers[name], "\r\n") {
			return nil, fmt.Errorf("bench: the header %q holds a line end", name)
		}
		typed = typed || strings.EqualFold(name, "Content-Type")
		head = fmt.Appendf(head, "%s: %s\r\n", name, l.Headers[name])
	}
	if l.Body != nil && !typed {
		head = append(head, "Content-Type: application/json\r\n"...)
	}
	return head, nil
}

func dialAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
