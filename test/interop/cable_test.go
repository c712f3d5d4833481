//go:build interop

package interop

import (
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
)

// cable stands between a client and servers, each connection to one of them by chance. They
// may be others after a while. It breaks off.
type cable struct {
	URL     string
	servers atomic.Pointer[[]string] // their hosts and ports
	most    int64                    // bytes of answers before it breaks off; 0: it does not
	breaks  atomic.Int64
}

func newCable(t *testing.T, most int64, servers ...string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c := &cable{URL: "http://" + l.Addr().String(), most: most}
	c.lead(servers)
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(near.(*net.TCPConn))
		}
	}()
	return c
}

// lead says which servers there are.
func (c *cable) lead(servers []string) { c.servers.Store(&servers) }

// carry carries one connection until either end, or the cable, breaks it.
func (c *cable) carry(near *net.TCPConn) {
	defer near.Close()
	servers := *c.servers.Load()
	far, err := net.Dial("tcp", servers[rand.IntN(len(servers))])
	if err != nil {
		return
	}
	defer far.Close()
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	if c.most == 0 {
		_, _ = io.Copy(near, far)
		return
	}
	if n, _ := io.CopyN(near, far, c.most); n == c.most {
		c.breaks.Add(1)
	}
	if rand.IntN(2) == 0 {
		_ = near.SetLinger(0) // a reset; else an end that nobody announced
	}
}
