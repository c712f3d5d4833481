package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/event"
)

const (
	timeout      = 20 * time.Second // for an endpoint to answer
	bodyMax      = 20 << 10         // bytes of a payload; larger ones are sent thin
	answerMax    = 64 << 10         // bytes of an answer that are read
	answerFor    = 2 * time.Second  // for the rest of an answer whose status has come
	headerMax    = 16 << 10         // bytes of an answer's header
	keptBody     = 2 << 10          // bytes of an answer that are kept
	keptHeaders  = 2 << 10
	userAgent    = "Florin-Webhooks/1 (+https://www.standardwebhooks.com)"
	idlePerHost  = concurrencyMax
	idleFor      = 30 * time.Second
	asksForHours = 1 << 20 // seconds of Retry-After that are believed
)

// client sends deliveries: no proxy, no redirects, no cookies, and only where it may.
func (r *Room) client() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: r.Targets.dialer(r.Patience / 2), TLSHandshakeTimeout: r.Patience / 2, ForceAttemptHTTP2: true, DisableCompression: true,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: r.Roots},
			MaxResponseHeaderBytes: headerMax, MaxIdleConnsPerHost: idlePerHost, MaxIdleConns: soundAtOnce, IdleConnTimeout: idleFor,
		},
	}
}

// payload is what is sent of an event. One that is too long to be sent whole is sent thin.
func (r *Room) payload(e event.Event, version string, thin bool) []byte {
	v := event.View(e, version)
	if !thin {
		if body := r.Encode(v); len(body) <= bodyMax {
			return body
		}
	}
	v.Data = nil
	return r.Encode(v)
}

// Payload is what an attempt sent, read again from the log.
func (r *Room) Payload(ctx context.Context, d Delivery, a Attempt) (string, error) {
	e, err := r.Events.At(ctx, d.Sequence)
	if err != nil {
		return "", err
	}
	return string(r.payload(e, a.Version, a.Thin)), nil
}

// attempt sends d once. asked is how long the endpoint wants to be left alone. An error
// says that nothing was sent.
func (c *Courier) attempt(ctx context.Context, e Endpoint, d Delivery) (a Attempt, asked time.Duration, err error) {
	what, err := c.Events.At(ctx, d.Sequence)
	if err != nil {
		return a, 0, err
	}
	now := c.Clock.Now()
	body := c.payload(what, e.Version, e.Thin)
	header, err := c.headers(&e, what, body, now)
	if err != nil {
		return a, 0, err
	}
	a = Attempt{Delivery: d.ID, Number: d.Attempts + 1, CreatedAt: now, Version: e.Version, Thin: e.Thin, RequestHeaders: written(header)}
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		a.Error, a.Detail = "url_invalid", "The URL cannot be called."
		return a, 0, nil
	}
	if r.URL.Scheme != "https" {
		r = r.WithContext(context.WithValue(ctx, plainKey{}, true))
	}
	r.Header = header
	began := time.Now()
	answer, failure := c.http.Do(r)
	if failure == nil {
		asked = a.read(answer)
	}
	a.Latency = time.Since(began)
	if failure != nil {
		a.Error, a.Detail = blame(failure)
	}
	return a, asked, nil
}

// headers are those of a delivery, signed.
func (c *Courier) headers(e *Endpoint, what event.Event, body []byte, now time.Time) (http.Header, error) {
	secret, err := c.open(e, e.secret)
	if err != nil {
		return nil, err
	}
	secrets := []Secret{secret}
	if len(e.before) > 0 && now.Before(e.RotatedUntil) {
		before, err := c.open(e, e.before)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, before)
	}
	return http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {userAgent},
		"Webhook-Id": {string(what.ID)}, "Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)},
		"Webhook-Signature": {Sign(string(what.ID), now, body, secrets...)},
	}, nil
}

// read takes what is kept of an answer, and what it means.
func (a *Attempt) read(answer *http.Response) (asked time.Duration) {
	a.StatusCode = answer.StatusCode
	a.ResponseHeaders = shorten(written(answer.Header), keptHeaders)
	// The status says it all: the rest is for people to read, and gets little time.
	stop := time.AfterFunc(answerFor, func() { _ = answer.Body.Close() })
	text, _ := io.ReadAll(io.LimitReader(answer.Body, answerMax))
	stop.Stop()
	_ = answer.Body.Close()
	a.ResponseBody = shorten(string(text), keptBody)
	switch {
	case a.StatusCode >= 200 && a.StatusCode <= 299:
	case a.StatusCode >= 300 && a.StatusCode <= 399:
		a.Error, a.Detail = "redirected", "The endpoint answered with a redirect, which is not followed. Change the endpoint's URL."
	default:
		a.Error, a.Detail = "status_"+strconv.Itoa(a.StatusCode), "The endpoint did not answer with 2xx."
	}
	if s, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && s > 0 && s < asksForHours {
		asked = time.Duration(s) * time.Second
	}
	return asked
}

// blame says why there was no answer.
func blame(err error) (code, detail string) {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.Is(err, errRefused):
		return "address_refused", "The name leads to an address, or a port, to which nothing is delivered."
	case errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &invalid):
		return "certificate_invalid", "The endpoint's certificate is not valid for its name."
	case errors.As(err, &record), errors.As(err, &alert):
		return "tls_failed", "No TLS connection was made."
	case errors.As(err, &dns):
		return "name_unknown", "The endpoint's name has no address."
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return "timeout", "The endpoint did not answer in time."
	case errors.Is(err, context.Canceled):
		return "interrupted", "The server stopped before the endpoint answered."
	case strings.Contains(err.Error(), "tls: "), errors.Is(err, http.ErrSchemeMismatch):
		return "tls_failed", "No TLS connection was made."
	case strings.Contains(err.Error(), "server response headers exceeded"), strings.Contains(err.Error(), "malformed HTTP"):
		return "answer_invalid", "The endpoint's answer is not one of HTTP, or its header is too long."
	}
	return "connection_failed", "No answer came over the connection."
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

// written is a header for people to read, in one order.
func written(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	return b.String()
}

// shorten keeps the beginning of what a stranger sent, as text that a database takes.
func shorten(text string, most int) string {
	text = text[:min(len(text), most)]
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
