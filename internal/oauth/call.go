package oauth

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/florinpay/florin/internal/db"
)

// call is one request of a client to one of our endpoints.
type call struct {
	s      *Server
	ctx    context.Context
	r      *http.Request
	path   string
	form   url.Values
	client *Client
	proof  *proof            // nil: none was sent
	cert   *x509.Certificate // nil: none was presented
	spends spends            // names that its commit uses up
	now    time.Time
}

// reply is an answer that went well.
type reply struct {
	status int
	body   any
	kind   string // media type of raw; "": body as JSON
	raw    string
}

// endpoint is what one path does for an authenticated client.
type endpoint func(*call) (*reply, error)

// callFor is how long a request may take. Its caller's hanging up does not cut it short:
// a commit must not be left half-known.
const callFor = 10 * time.Second

// serve reads the form, authenticates the client, checks its proof, and answers.
func (s *Server) serve(path string, run endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), callFor)
		defer cancel()
		c := &call{s: s, ctx: ctx, r: r, path: path, now: s.clock.Now()}
		out, err := c.run(w, run)
		c.headers(w, err)
		if err != nil {
			f := failOf(err)
			if f.Status >= http.StatusInternalServerError {
				s.log.Error("oauth: request failed", "path", path, "error", err)
			}
			f.write(w)
			return
		}
		if out.kind != "" {
			w.Header().Set("Content-Type", out.kind)
			w.Header().Set("Cache-Control", "no-store")
			_, _ = w.Write([]byte(out.raw)) // the caller has gone
			return
		}
		answer(w, out.status, out.body)
	}
}

// secret is the digest of a parameter that must be there.
func (c *call) secret(name string) (string, error) {
	text := c.form.Get(name)
	if text == "" {
		return "", invalid("Send " + name + ".")
	}
	return digest(text), nil
}

func (c *call) run(w http.ResponseWriter, run endpoint) (*reply, error) {
	var f *Fail
	if c.form, f = readForm(w, c.r); f != nil {
		return nil, f
	}
	c.cert = presented(c.r)
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	if err := c.readProof(); err != nil {
		return nil, err
	}
	out, err := run(c)
	return out, c.settle(err)
}

// settle uses up the names of a call that wrote nothing of its own, also of one that was
// refused: an assertion or a proof that somebody saw fail is worth nothing.
func (c *call) settle(err error) error {
	if _, refusal := err.(*Fail); len(c.spends) == 0 || err != nil && !refusal { //nolint:errorlint // a refusal is never wrapped
		return err
	}
	if failed := c.write(nil, func(*db.Tx) error { return nil }); failed != nil {
		return failed
	}
	return err
}

// headers are those that depend on what was found: a fresh nonce for who uses proofs, a
// challenge for who tried a password (others would see nothing but the challenge), and
// leave for a browser to read the answer.
func (c *call) headers(w http.ResponseWriter, err error) {
	f := failOf(err)
	if c.proof != nil || err != nil && f.Is(errNonce) {
		if n, err := c.s.Nonce(c.ctx); err == nil {
			w.Header().Set("DPoP-Nonce", n)
		}
	}
	if _, _, basic := c.r.BasicAuth(); basic && err != nil && f.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="oauth"`)
	}
	if c.client != nil {
		c.s.allow(w, c.r, slices.Contains(c.client.Origins, c.r.Header.Get("Origin")))
		return
	}
	c.s.allow(w, c.r, c.s.originKnown(c.ctx, c.r))
}

// write runs fn in one commit with the names that the call uses up. What fn wrote before
// it refused with a *Fail stands: a refusal may have an effect, such as the end of a
// grant. Any other error undoes all.
func (c *call) write(locks []db.Lock, fn func(*db.Tx) error) error {
	spends := c.spends
	c.spends = nil
	return c.s.write(c.ctx, append(locks, spends.locks()...), func(tx *db.Tx) error {
		if err := spends.spend(tx, c.now); err != nil {
			return err
		}
		return fn(tx)
	})
}

func (s *Server) write(ctx context.Context, locks []db.Lock, fn func(*db.Tx) error) error {
	var refusal *Fail
	err := s.db.Write(ctx, locks, func(tx *db.Tx) error {
		refusal = nil
		err := fn(tx)
		if f, ok := err.(*Fail); ok { //nolint:errorlint // a refusal is never wrapped
			refusal = f
			return nil
		}
		return err
	})
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}
