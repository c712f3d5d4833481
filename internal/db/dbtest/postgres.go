package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variable names the environment variable that holds the URL of a PostgreSQL
// server to test against; when it is empty, Postgres starts one.
const Variable = "FLORIN_TEST_POSTGRES"

const (
	startWait = 60 * time.Second // a cold start on a busy machine
	stopWait  = 20 * time.Second // a fast shutdown writes a checkpoint

	// The socket's folder is readable by the server's user only, so that trusting
	// whoever connects opens nothing to others on the machine.
	port = "5432" // part of the socket's name; no port is bound

	// guarded runs the server in the shell's place, and beside it a guard that
	// reads from us: when we close the pipe or die, even by kill -9, it shuts the
	// server down (SIGINT: fast, but clean) and removes its folder.
	guarded = `(cat <&3 >/dev/null
kill -INT $$
for i in $(seq 200); do kill -0 $$ || break; sleep 0.1; done
cd / && rm -rf "$0") >/dev/null 2>&1 &
exec "$@" 3<&-`
)

// Postgres gives the URL of a real PostgreSQL server whose user may create
// databases: the one that Variable names, or a new one in a temporary folder. A
// server refuses to run as root, so for root it runs as postgres or nobody. stop
// ends a server that Postgres started and removes its folder; it may be called
// twice. The server also ends when this process does.
func Postgres() (url string, stop func(), err error) {
	if url := os.Getenv(Variable); url != "" {
		return url, func() {}, nil
	}
	bin, err := binaries(os.Getenv("PATH"), "/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", nil, err
	}
	s, err := newCluster(bin)
	if err != nil {
		return "", nil, err
	}
	if err := s.start(); err != nil {
		s.stop()
		return "", nil, err
	}
	return s.url(), sync.OnceFunc(s.stop), nil
}

// cluster is one PostgreSQL server in a folder of its own.
type cluster struct {
	bin   string              // folder of initdb and postgres
	dir   string              // data, socket and log; removed at the end
	user  *syscall.Credential // nil: the user who runs the tests
	guard *os.File            // the server lives until this is closed
	ended chan struct{}       // closed when the process is gone
}

// newCluster makes a database cluster that has never run.
func newCluster(bin string) (*cluster, error) {
	dir, err := os.MkdirTemp("", "florin-pg-")
	if err != nil {
		return nil, err
	}
	s := &cluster{bin: bin, dir: dir, ended: make(chan struct{})}
	if err := s.initdb(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *cluster) initdb() (err error) {
	if s.user, err = ordinaryUser(); err != nil {
		return err
	}
	if s.user != nil {
		if err := os.Chown(s.dir, int(s.user.Uid), int(s.user.Gid)); err != nil {
			return err
		}
	}
	c := s.command(filepath.Join(s.bin, "initdb"), "--pgdata", s.data(), "--username", "florin",
		"--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("make a PostgreSQL cluster: %w\n%s", err, out)
	}
	return nil
}

// start runs the server and returns when it answers.
func (s *cluster) start() error {
	log, err := os.Create(s.log())
	if err != nil {
		return err
	}
	defer log.Close() // the server keeps its own copy
	guard, ours, err := os.Pipe()
	if err != nil {
		return err
	}
	defer guard.Close()
	s.guard = ours
	c := s.command("sh", "-c", guarded, s.dir, filepath.Join(s.bin, "postgres"),
		"-D", s.data(), "-p", port, "-c", "listen_addresses=", "-c", "unix_socket_directories="+s.dir,
		"-c", "fsync=on", "-c", "max_connections=200", "-c", "shared_buffers=128MB")
	c.Stdout, c.Stderr, c.ExtraFiles = log, log, []*os.File{guard}
	if err := c.Start(); err != nil {
		close(s.ended)
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	go func() {
		_ = c.Wait() // how it ended is in its log
		close(s.ended)
	}()
	return s.ready()
}

// ready waits until the server answers a connection.
func (s *cluster) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			return s.failure(errors.New("PostgreSQL ended while starting"))
		case <-ctx.Done():
			return s.failure(fmt.Errorf("PostgreSQL did not answer within %s: %w", startWait, err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop lets the guard end the server, and removes the folder with what is in it.
func (s *cluster) stop() {
	if s.guard != nil {
		_ = s.guard.Close()
		select {
		case <-s.ended:
		case <-time.After(stopWait): // the guard goes on trying
		}
	}
	_ = os.RemoveAll(s.dir)
}

func (s *cluster) failure(cause error) error {
	log, err := os.ReadFile(s.log())
	if err != nil {
		return errors.Join(cause, err)
	}
	return fmt.Errorf("%w; its log:\n%s", cause, log)
}

func (s *cluster) url() string {
	return "postgres://florin@:" + port + "/postgres?host=" + s.dir
}

func (s *cluster) data() string { return filepath.Join(s.dir, "data") }
func (s *cluster) log() string  { return filepath.Join(s.dir, "log") }

// command prepares a program to run as the server's user, in its folder, and out
// of reach of a terminal's Ctrl-C: the tests still need it while they stop.
func (s *cluster) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = s.dir
	c.Env = append(os.Environ(), "LC_ALL=C")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.user, Setpgid: true}
	return c
}

// ordinaryUser says as whom to run the server; nil means as ourselves.
func ordinaryUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
	}
	return nil, errors.New("PostgreSQL does not run as root and there is no user postgres or nobody: run the tests as an ordinary user")
}

// binaries finds the folder that holds initdb and postgres: the one that pg_ctl
// on the path leads to, else the newest of those that match pattern.
func binaries(path, pattern string) (string, error) {
	folders, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	slices.SortFunc(folders, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range slices.Backward(filepath.SplitList(path)) {
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, "pg_ctl")); err == nil {
			folders = slices.Insert(folders, 0, filepath.Dir(real))
		}
	}
	for _, dir := range folders {
		if executable(dir, "initdb") && executable(dir, "postgres") {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no PostgreSQL server on the PATH or in %s: install the Debian package postgresql"+
		" (make test does it) or set %s to a server's URL", pattern, Variable)
}

// version reads 15 out of /usr/lib/postgresql/15/bin; 0 when there is no number.
func version(dir string) int {
	number, _, _ := strings.Cut(filepath.Base(filepath.Dir(dir)), ".")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	return n
}

func executable(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
