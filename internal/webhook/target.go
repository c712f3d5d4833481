package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Targets says where deliveries may go: to public addresses by https on the usual ports,
// and wherever the operator has said besides.
type Targets struct {
	Networks []netip.Prefix // the operator's own, where http and any port will do too
	resolver *net.Resolver  // nil: the machine's
}

// ports are where public endpoints may listen.
var ports = []string{"443", "8443"}

const urlMax = 2000 // bytes

// Check reports why no delivery may go to a URL, "" if it may try. Where its name leads is
// judged when a connection is made.
func (t Targets) Check(text string) (why string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > urlMax || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' || r == '"' || r == '<' || r == '>' }):
		return "Send a URL such as https://shop.example/hooks, in ASCII, a name with other letters as xn--…."
	case u.Scheme != "https" && (u.Scheme != "http" || len(t.Networks) == 0):
		return "Send a URL that begins with https://."
	case u.User != nil:
		return "Send a URL without a user or a password: deliveries are signed."
	case u.Opaque != "" || u.Fragment != "" || u.RawFragment != "" || strings.Contains(text, "#") || u.Hostname() == "":
		return "Send a URL with a host and without a fragment, such as https://shop.example/hooks."
	}
	host, port := u.Hostname(), u.Port()
	addr, err := netip.ParseAddr(host)
	if err == nil {
		if own := t.own(addr); !own && u.Scheme != "https" {
			return "Send a URL that begins with https://."
		} else if !own && !public(addr) {
			return "The address is not a public one."
		}
		return t.checkPort(port, t.own(addr))
	}
	if why := checkName(host); why != "" {
		return why
	}
	return t.checkPort(port, len(t.Networks) > 0) // decided for good when its address is known
}

func (t Targets) checkPort(port string, any bool) string {
	if port == "" || any || slices.Contains(ports, port) {
		return ""
	}
	return "Send a URL with port 443 or 8443, or without one."
}

// own reports whether an address lies in a network of the operator's.
func (t Targets) own(a netip.Addr) bool {
	a = a.Unmap()
	return slices.ContainsFunc(t.Networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// localNames lead into the machine or the network by convention, whatever the DNS says.
// Source: RFC 6761, RFC 6762, RFC 8375; ICANN's resolution of 29 July 2024 for internal.
var localNames = []string{"localhost", "local", "internal", "intranet", "lan", "home", "corp", "localdomain", "test", "invalid", "onion", "arpa"}

// checkName judges a host that is no address: names as the DNS has them, whose last part
// is no number in any notation that some library takes for an address.
func checkName(host string) string {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	last := labels[len(labels)-1]
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "The host is neither a name nor an address."
		}
	}
	switch {
	case len(host) > 253:
		return "The host's name is too long."
	case last[0] >= '0' && last[0] <= '9':
		return "The host is neither a name nor an address. Write addresses as four decimal numbers, or in brackets."
	case len(labels) == 1 || slices.Contains(localNames, last):
		return "The host's name is not a public one."
	}
	return ""
}

// special are the networks that are not the Internet's, and those that carry an IPv4
// address inside. Source: IANA's special-purpose address registries; RFC 6052, RFC 3056,
// RFC 4380.
var special = func() (list []netip.Prefix) {
	for _, text := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/3", "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "4000::/2", "8000::/1",
	} {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}()

// public reports whether an address is on the Internet.
func public(a netip.Addr) bool {
	if a.Is4In6() || a.Zone() != "" {
		return false
	}
	return a.IsValid() && !slices.ContainsFunc(special, func(n netip.Prefix) bool { return n.Contains(a) })
}

// errRefused: the address that a name leads to may not be connected to.
var errRefused = errors.New("webhook: the address is not one that deliveries go to")

// dialer connects to addresses that are allowed. It judges the very address of each
// connection, after the name was resolved.
func (t Targets) dialer(timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout, Resolver: t.resolver, ControlContext: func(ctx context.Context, network, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || network != "tcp4" && network != "tcp6" {
			return errRefused
		}
		switch own := t.own(to.Addr()); {
		case own:
			return nil
		case !public(to.Addr()):
			return fmt.Errorf("%w: %s is not public", errRefused, to.Addr())
		case ctx.Value(plainKey{}) != nil:
			return fmt.Errorf("%w: %s is not by https", errRefused, to.Addr())
		case !slices.Contains(ports, fmt.Sprint(to.Port())):
			return fmt.Errorf("%w: port %d", errRefused, to.Port())
		}
		return nil
	}}
	return d.DialContext
}

// plainKey marks the context of a delivery by http.
type plainKey struct{}
