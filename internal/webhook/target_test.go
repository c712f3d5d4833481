package webhook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// TestWhereDeliveriesMayGo: what is written so that it looks like something else is no URL
// of an endpoint. testdata/refused.txt has one a line.
func TestWhereDeliveriesMayGo(t *testing.T) {
	text, err := os.ReadFile("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		url := strings.TrimSuffix(line, "\n")
		if url == "" || strings.HasPrefix(url, "# ") {
			continue
		}
		n++
		if (Targets{}).Check(url) == "" {
			t.Errorf("%s is allowed", url)
		}
	}
	if (Targets{}).Check("https://example.com/\r\nX-Injected: 1") == "" {
		t.Error("a URL of two lines is allowed")
	}
	if n < 100 {
		t.Errorf("only %d URLs", n)
	}
	for _, url := range []string{
		"https://shop.example/hooks", "https://shop.example:8443/a?b=c", "https://shop.example:443", "https://xn--caf-dma.example/", "https://SHOP.example./",
		"https://93.184.216.34/", "https://[2606:2800:220:1:248:1893:25c8:1946]/x", "https://a_b.shop.example/%20",
	} {
		if why := (Targets{}).Check(url); why != "" {
			t.Errorf("%s: %s", url, why)
		}
	}
	own := Targets{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	for url, allowed := range map[string]bool{
		"http://10.1.2.3:9000/": true, "https://10.1.2.3/": true, "http://hooks.shop.example:81/": true,
		"http://10.2.0.1/": false, "https://10.2.0.1/": false, "http://8.8.8.8/": false, "https://8.8.8.8:22/": false, "https://127.0.0.1/": false,
	} {
		if why := own.Check(url); (why == "") != allowed {
			t.Errorf("with a network of one's own, %s: %q", url, why)
		}
	}
}

// TestTheAddressIsJudgedWhenConnecting: by every form of every network that is not the
// Internet's, whatever name led there.
func TestTheAddressIsJudgedWhenConnecting(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1:443", "127.8.9.1:443", "10.0.0.1:443", "172.31.0.1:443", "192.168.1.1:443", "169.254.169.254:443", "100.64.0.1:443", "0.0.0.0:443",
		"192.0.0.192:443", "198.18.0.1:443", "224.0.0.1:443", "255.255.255.255:443", "[::1]:443", "[::]:443", "[::ffff:127.0.0.1]:443",
		"[64:ff9b::7f00:1]:443", "[64:ff9b:1::1]:443", "[2002:7f00:1::]:443", "[2001:0:1::1]:443", "[fc00::1]:443", "[fd00:ec2::254]:443", "[fe80::1]:443",
		"[ff02::1]:443", "[2001:db8::1]:443", "[fec0::1]:443", "[::127.0.0.1]:443", "[5f00::1]:443",
	} {
		if _, err := (Targets{}).dialer(time.Second)(t.Context(), "tcp", address); !errors.Is(err, errRefused) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "172.32.0.1", "100.128.0.1", "2a00::1"} {
		if !public(netip.MustParseAddr(address)) {
			t.Errorf("%s is on the Internet", address)
		}
	}
	if _, err := (Targets{}).dialer(time.Second)(t.Context(), "tcp", "93.184.216.34:22"); !errors.Is(err, errRefused) {
		t.Errorf("port 22: %v", err)
	}
	plain := context.WithValue(t.Context(), plainKey{}, true)
	if _, err := (Targets{}).dialer(time.Second)(plain, "tcp", "93.184.216.34:443"); !errors.Is(err, errRefused) {
		t.Errorf("by http to the Internet: %v", err)
	}
}

// TestANameThatLeadsElsewhereLater: the first answer of its server is public, the others are
// not, and no connection is made to them.
func TestANameThatLeadsElsewhereLater(t *testing.T) {
	var asked atomic.Int64
	at := nameServer(t, func() netip.Addr {
		if asked.Add(1) == 1 {
			return netip.MustParseAddr("203.0.113.7")
		}
		return netip.MustParseAddr("127.0.0.1")
	})
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer trap.Close()
	targets := Targets{resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", at)
	}}}
	_, port, _ := net.SplitHostPort(trap.Addr().String())
	for range 4 {
		if _, err := targets.dialer(time.Second)(t.Context(), "tcp4", "rebind.example:"+port); !errors.Is(err, errRefused) {
			t.Errorf("%v", err)
		}
	}
	if asked.Load() < 4 {
		t.Errorf("the name was looked up %d times for 4 connections", asked.Load())
	}
}

// nameServer answers each question for an address with what answer gives.
func nameServer(t *testing.T, answer func() netip.Addr) (at string) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: answer().As4()}}}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = c.WriteTo(packed, from)
			}
		}
	}()
	return c.LocalAddr().String()
}
