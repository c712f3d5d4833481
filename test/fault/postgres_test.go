package fault

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/florinpay/florin/internal/db/dbtest"
)

// cluster is a PostgreSQL server of the test's own, which it may stop and break.
type cluster struct {
	t   *testing.T
	url string
	dir string // its data, log and socket
}

// ownCluster starts one beside the server that other tests share.
func ownCluster(t *testing.T) *cluster {
	t.Helper()
	t.Setenv(dbtest.Variable, "")
	at, stop, err := dbtest.Postgres()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{t, at, u.Query().Get("host")}
}

// postmaster is the server's first process.
func (c *cluster) postmaster() int {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "data", "postmaster.pid"))
	if err != nil {
		c.t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		c.t.Fatal(err)
	}
	return pid
}

// processes are the postmaster and all that it has started.
func (c *cluster) processes() []int {
	c.t.Helper()
	first := c.postmaster()
	all := []int{first}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", first, first))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, word := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			c.t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}

func (c *cluster) signal(s syscall.Signal) {
	c.t.Helper()
	for _, pid := range c.processes() {
		_ = syscall.Kill(pid, s) // a backend may have ended meanwhile
	}
}

// restart ends the server with a signal (SIGINT: in order; SIGQUIT: as a crash
// would) and starts it again as it was started before.
func (c *cluster) restart(s syscall.Signal, away time.Duration) {
	c.t.Helper()
	data := filepath.Join(c.dir, "data")
	line, err := os.ReadFile(filepath.Join(data, "postmaster.opts"))
	if err != nil {
		c.t.Fatal(err)
	}
	info, err := os.Stat(data)
	if err != nil {
		c.t.Fatal(err)
	}
	pid := c.postmaster()
	if err := syscall.Kill(pid, s); err != nil {
		c.t.Fatal(err)
	}
	eventually(c.t, 20*time.Second, "PostgreSQL ends", func() bool { return gone(pid) })
	time.Sleep(away)
	words := strings.Fields(strings.ReplaceAll(string(line), `"`, ""))
	again := exec.Command(words[0], words[1:]...)
	again.Dir, again.Env = c.dir, append(os.Environ(), "LC_ALL=C")
	owner := info.Sys().(*syscall.Stat_t)
	again.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if os.Geteuid() == 0 {
		again.SysProcAttr.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	}
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	again.Stdout, again.Stderr = log, log
	if err := again.Start(); err != nil {
		c.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = again.Wait(); close(ended) }()
	c.t.Cleanup(func() {
		_ = again.Process.Signal(syscall.SIGQUIT) // it may have been restarted since
		<-ended
	})
	eventually(c.t, 30*time.Second, "PostgreSQL answers again", func() bool { return c.exec("select 1") == nil })
}

// gone reports whether a process has ended, even if nobody has waited for it yet.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(rest, "Z")
}

func (c *cluster) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return onDatabase(ctx, c.url, sql)
}

func onDatabase(ctx context.Context, at, sql string) error {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// place is a database of the cluster for one server.
func (c *cluster) place() place { return place{data: c.t.TempDir(), database: c.url} }

const killCommitter = `select pg_terminate_backend(pid) from pg_stat_activity
	where application_name = 'florin-committer' and datname = current_database()`

// TestCommitterLost ends the connection that commits, again and again under load:
// a COMMIT whose answer is lost is neither an acknowledgement nor a failure until
// its fate is known.
func TestCommitterLost(t *testing.T) {
	t.Parallel()
	p := place{data: t.TempDir(), database: emptyDatabase(t)}
	l := newLoad(t)
	l.pause = time.Millisecond
	s := start(t, p)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(stop)
		r := chance(t)
		for began := time.Now(); time.Since(began) < 8*time.Second; {
			time.Sleep(time.Duration(r.Int64N(int64(100 * time.Millisecond))))
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			if err := onDatabase(ctx, p.database, killCommitter); err != nil {
				t.Errorf("end the committer's connection: %v", err)
			}
			cancel()
		}
		l.recovers()
	})
	l.run(s.api, chance(t), clients, stop)
	wg.Wait()
	l.finish(s)
}

// TestPostgresAway takes the database away in four ways under load; the server
// recovers by itself each time.
func TestPostgresAway(t *testing.T) {
	c := ownCluster(t)
	p := c.place()
	l := newLoad(t)
	s := start(t, p)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		time.Sleep(300 * time.Millisecond)
		c.signal(syscall.SIGSTOP) // frozen, with all connections open
		time.Sleep(3 * time.Second)
		c.signal(syscall.SIGCONT)
		l.recovers()
		c.restart(syscall.SIGINT, 2*time.Second)
		l.recovers()
		for range 3 {
			c.restart(syscall.SIGQUIT, 0)
			l.recovers()
		}
	}()
	l.run(s.api, chance(t), clients, stop)
	l.finish(s)
}

// TestPostgresCrashesBesideOthers crashes the database while another program uses
// it too. A transaction number that was not yet durable is given out again after
// the crash: who asks by number what became of its COMMIT is told about the
// other's.
func TestPostgresCrashesBesideOthers(t *testing.T) {
	c := ownCluster(t)
	p := c.place()
	l := newLoad(t)
	l.pause = time.Millisecond
	s := start(t, p)
	stop := make(chan struct{})
	var others sync.WaitGroup
	for range 2 {
		others.Go(func() { c.consume(stop) })
	}
	go func() {
		defer close(stop)
		r := chance(t)
		for range 8 {
			time.Sleep(200*time.Millisecond + time.Duration(r.Int64N(int64(300*time.Millisecond))))
			c.restart(syscall.SIGQUIT, 0)
			l.recovers()
		}
	}()
	l.run(s.api, chance(t), clients, stop)
	others.Wait()
	l.finish(s)
}

// consume takes transaction numbers, as any other user of the database does.
func (c *cluster) consume(stop <-chan struct{}) {
	ctx := context.Background()
	for {
		conn, err := pgx.Connect(ctx, c.url)
		for err == nil {
			select {
			case <-stop:
				_ = conn.Close(ctx)
				return
			default:
				_, err = conn.Exec(ctx, "select pg_current_xact_id()")
			}
		}
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
	}
}
