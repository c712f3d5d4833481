package main

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/webhook"
)

type listenCommand struct {
	remote
	wanted
	ForwardTo string `help:"URL on this machine to deliver to, such as http://localhost:3000/hooks; a path or port alone will do." name:"forward-to" required:"" placeholder:"URL"`
	Endpoint  string `help:"Deliver what this webhook endpoint gets: its types, its version, its form." placeholder:"we_…"`
	After     int64  `help:"Begin after the event of this number; without it, with the next that happens." default:"-1"`
}

// Run delivers a merchant's events to a local port, as a webhook would, until it is told
// to stop.
func (c *listenCommand) Run(ctx context.Context, out io.Writer) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	p, err := newPostman(api, c.ForwardTo, out)
	if err != nil {
		return err
	}
	query := c.query()
	if c.Endpoint != "" {
		if query, err = p.like(ctx, c.Endpoint); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "Deliveries to %s are signed. Their secret, the same each time for this API key: %s\n", p.url, p.secret.Text())
	f := &feed{client: api, query: query, after: c.After, says: func(text string) { fmt.Fprintln(out, text) }}
	return f.run(ctx, func(e told) error { return p.deliver(ctx, e) })
}

// postman delivers events to one URL, one after the other.
type postman struct {
	api    *client
	url    string
	secret webhook.Secret
	thin   bool
	http   *http.Client
	out    io.Writer
}

const postmanPatience = 20 * time.Second

func newPostman(api *client, to string, out io.Writer) (*postman, error) {
	switch port, _, _ := strings.Cut(to, "/"); {
	case strings.Contains(to, "://"):
	case strings.HasPrefix(to, ":") || strings.HasPrefix(to, "/"):
		to = "http://localhost" + to
	case port != "" && strings.Trim(port, "0123456789") == "":
		to = "http://localhost:" + to
	default:
		to = "http://" + to
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--forward-to %s is no URL: write http://localhost:3000/hooks", to)
	}
	// A secret of this key's, so that nothing is kept and yet each run has the same.
	shared, err := hkdf.Key(sha256.New, []byte(api.key), nil, "florin listen", 32)
	if err != nil {
		return nil, err
	}
	secret, err := webhook.ParseSecret("whsec_" + base64.StdEncoding.EncodeToString(shared))
	if err != nil {
		return nil, err
	}
	return &postman{
		api: api, url: to, secret: secret, out: out,
		http: &http.Client{Timeout: postmanPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// like takes over what an endpoint gets.
func (p *postman) like(ctx context.Context, endpoint string) (url.Values, error) {
	var e struct {
		Types   []string `json:"types"`
		Version string   `json:"api_version"`
		Thin    bool     `json:"thin"`
	}
	if err := p.api.get(ctx, "/v1/webhook_endpoints/"+url.PathEscape(endpoint)).into(&e); err != nil {
		return nil, fmt.Errorf("the webhook endpoint %s: %w", endpoint, err)
	}
	p.thin = e.Thin
	return wanted{Types: e.Types, Version: e.Version}.query(), nil
}

// deliver sends one event. A program that does not listen yet is waited for; what it
// answers is shown, and is its own affair.
func (p *postman) deliver(ctx context.Context, e told) error {
	body := e.raw
	if p.thin {
		body = thinned(body)
	}
	for waiting := false; ; waiting = true {
		status, took, err := p.post(ctx, e.ID, body)
		switch {
		case err == nil:
			fmt.Fprintf(p.out, "%8d  %-28s %s  → %d in %d ms\n", e.Sequence, e.Type, e.Related.ID, status, took.Milliseconds())
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !refusedConnection(err):
			fmt.Fprintf(p.out, "%8d  %-28s %s  → %v\n", e.Sequence, e.Type, e.Related.ID, err)
			return nil
		case !waiting:
			fmt.Fprintf(p.out, "Nothing listens at %s yet. Waiting; nothing is lost.\n", p.url)
		}
		if err := machine.Sleep(ctx, feedAgain); err != nil {
			return err
		}
	}
}

func refusedConnection(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

func (p *postman) post(ctx context.Context, id string, body []byte) (status int, took time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	now := machine.Now()
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("webhook-signature", webhook.Sign(id, now, body, p.secret))
	a, err := p.http.Do(r)
	if err != nil {
		return 0, 0, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(a.Body, 64<<10))
	return a.StatusCode, machine.Now().Sub(now), a.Body.Close()
}

// thinned is an event without the object that it holds.
func thinned(body []byte) []byte {
	var e map[string]json.RawMessage
	if json.Unmarshal(body, &e) != nil {
		return body
	}
	e["data"] = json.RawMessage("null")
	thin, err := json.Marshal(e)
	if err != nil {
		return body
	}
	return thin
}
