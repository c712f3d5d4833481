// Package process runs the real florin as people do, as a process of its own, and
// ends it with the test. It runs the programs that florin meets in the same way.
package process

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Build builds florin into a folder and gives its path. The test runs in a folder
// two below the module's root.
func Build(dir string) (string, error) {
	binary := filepath.Join(dir, "florin")
	c := exec.Command("go", "build", "-o", binary, "./cmd/florin")
	c.Dir = filepath.Join("..", "..")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build florin: %w\n%s", err, out)
	}
	return binary, nil
}

// Ready is what the ready file of 'florin dev' tells. Of 'florin serve' only the URLs are known.
type Ready struct {
	URL      string `json:"url"`
	Issuer   string `json:"issuer"`
	OpsURL   string `json:"ops_url"`
	Rail     string `json:"sandbox_rail"`
	Key      string `json:"sandbox_key"`
	Merchant string `json:"merchant_id"`
	Payer    string `json:"payer_id"`
	Wallet   string `json:"wallet_id"`
	CAFile   string `json:"ca_file"` // with --tls: the certificate to trust
}

// Process is a running florin, or another program.
type Process struct {
	Ready
	Dir   string
	Ended chan struct{}
	Code  int // once ended
	cmd   *exec.Cmd
}

const (
	startWait = 60 * time.Second
	stopWait  = 30 * time.Second // the promise of a graceful stop
	killWait  = 40 * time.Second
)

// Dev starts 'florin dev' on a free port and waits until it serves.
func Dev(t testing.TB, binary string, environment []string, flags ...string) *Process {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "ready.json")
	p := Launch(t, binary, dir, environment, append([]string{"dev", "--listen", "127.0.0.1:0", "--ready-file", file}, flags...)...)
	p.Await(t, func() bool {
		text, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(text, &p.Ready) == nil
	})
	return p
}

// Serve starts 'florin serve' on free ports, unless flags say otherwise, and waits until
// it serves.
func Serve(t testing.TB, binary string, environment []string, flags ...string) *Process {
	t.Helper()
	environment = append([]string{"FLORIN_LISTEN=127.0.0.1:0", "FLORIN_OPS=127.0.0.1:0"}, environment...)
	p := Launch(t, binary, t.TempDir(), environment, append([]string{"serve"}, flags...)...)
	p.Await(t, func() bool {
		for line := range strings.Lines(p.Errors()) {
			var said struct {
				Msg, URL, Ops string
				Rail          string `json:"sandbox_rail"`
			}
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "ready" {
				p.URL, p.OpsURL, p.Rail = said.URL, said.Ops, said.Rail
			}
		}
		return p.URL != ""
	})
	return p
}

// Launch starts a program that runs until it is stopped, printing into dir.
func Launch(t testing.TB, binary, dir string, environment []string, args ...string) *Process {
	t.Helper()
	p := &Process{Dir: dir, Ended: make(chan struct{})}
	out, errs := create(t, p.printed("out")), create(t, p.printed("err"))
	defer out.Close()
	defer errs.Close()
	p.cmd = exec.Command(binary, args...)
	p.cmd.Stdout, p.cmd.Stderr = out, errs
	p.cmd.Env = append(Clean(), environment...)
	withParent(p.cmd)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its state says all
		p.Code = p.cmd.ProcessState.ExitCode()
		close(p.Ended)
	}()
	t.Cleanup(func() { p.Kill(syscall.SIGKILL) })
	return p
}

// Clean is the environment without settings of florin's own.
func Clean() (list []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "FLORIN_") {
			list = append(list, v)
		}
	}
	return list
}

func create(t testing.TB, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// printed is the file with what the process printed: "out" or "err".
func (p *Process) printed(what string) string { return filepath.Join(p.Dir, "printed."+what) }

// Errors is what it has printed on standard error.
func (p *Process) Errors() string {
	text, err := os.ReadFile(p.printed("err"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Await waits until done says that the start is over; the test fails if the
// process ends or takes too long.
func (p *Process) Await(t testing.TB, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(startWait); !done(); time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.Ended:
			t.Fatalf("%s ended with %d while starting:\n%s", filepath.Base(p.cmd.Path), p.Code, p.Errors())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not ready after %s:\n%s", filepath.Base(p.cmd.Path), startWait, p.Errors())
		}
	}
}

// Kill sends a signal and waits for the end.
func (p *Process) Kill(signal syscall.Signal) {
	_ = p.cmd.Process.Signal(signal) // it may have ended
	select {
	case <-p.Ended:
	case <-time.After(killWait):
	}
}

// Stop ends florin as an operator does, and holds it to its promise.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	began := time.Now()
	p.Kill(syscall.SIGTERM)
	if took := time.Since(began); took > stopWait {
		t.Errorf("a graceful stop took %s, the promise is %s", took, stopWait)
	}
	if p.Code != 0 {
		t.Errorf("a graceful stop ended with %d:\n%s", p.Code, p.Errors())
	}
}

// ID is the process's number.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Address is the host and port of its URL.
func (p *Process) Address() string {
	_, address, _ := strings.Cut(p.URL, "://")
	return address
}
