package florin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Version is this library's version, which the platform sees as part of User-Agent.
const Version = "0.1.0"

// What holds unless an [Option] says otherwise.
const (
	// DefaultTimeout of one try. The platform gives up after 30 s and says so, which
	// is worth waiting for.
	DefaultTimeout = 35 * time.Second
	// DefaultRetries is how often a call is sent again.
	DefaultRetries = 3
)

// Client calls one platform with one API key. It may be used by many goroutines. The
// key shows under no verb of package fmt.
type Client struct {
	resources
	base     *url.URL
	bearer   func() string // a function: fmt prints what unexported fields hold, whatever their type says
	defaults settings
	sleep    func(context.Context, time.Duration) error
	chance   func() float64 // in [0, 1)
}

// New makes a client. base is the platform's URL, such as "https://pay.example.org". The
// options hold for all calls. Error: base or key cannot be used.
func New(base, key string, options ...Option) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errors.New("florin: the base URL must look like https://pay.example.org")
	}
	if !visible(key) {
		return nil, errors.New("florin: the API key must be printable ASCII without spaces")
	}
	c := &Client{base: u, bearer: func() string { return "Bearer " + key }, sleep: sleep, chance: rand.Float64}
	c.defaults = settings{http: newHTTPClient(), timeout: DefaultTimeout, retries: DefaultRetries}
	for _, o := range options {
		o(&c.defaults)
	}
	c.resources = newResources(c)
	return c, nil
}

// Format implements [fmt.Formatter]: a client prints as its URL.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "florin.Client(%s)", c.base) }

// Option changes how calls are made: all calls of a client, or one call.
type Option func(*settings)

type settings struct {
	http           *http.Client
	timeout        time.Duration
	retries        int
	idempotencyKey string
}

// WithIdempotencyKey names a call that creates something, so that it takes effect once
// however often it is sent, also by another process: 1 to 255 printable ASCII
// characters. Without it every call gets a random one.
func WithIdempotencyKey(key string) Option { return func(s *settings) { s.idempotencyKey = key } }

// WithTimeout bounds each try of a call, and of an export the silence between two
// objects. The context bounds the call with all its tries.
func WithTimeout(d time.Duration) Option { return func(s *settings) { s.timeout = d } }

// WithRetries says how often a call is sent again at most; 0: never.
func WithRetries(n int) Option { return func(s *settings) { s.retries = n } }

// WithHTTPClient uses another HTTP client, with its proxies, certificates and tracing.
// It should not follow redirects.
func WithHTTPClient(h *http.Client) Option { return func(s *settings) { s.http = h } }

// newHTTPClient never follows a redirect: it would carry the key and the card elsewhere.
func newHTTPClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 100
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Secret is a text that prints as "****" under every verb: a card's number, a key.
type Secret string

// Format implements [fmt.Formatter].
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("****")) }

// Ptr gives a pointer to v, for members where zero and absent differ.
func Ptr[T any](v T) *T { return &v }

// visible says whether s can stand in a header as it is.
func visible(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
