package florin

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"
)

// call is what a method asks for.
type call struct {
	verb, path string
	ids        []string // what stands in the path's braces, in order
	params     any      // pointer to a request
	creates    bool     // an Idempotency-Key makes it safe to repeat
}

// repeatable says whether sending the call twice has the effect of sending it once.
func (c call) repeatable() bool { return c.creates || c.verb != http.MethodPost }

var agent = fmt.Sprintf("florin-go/%s (%s; %s/%s)", Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)

// send makes a call and reads its answer.
func send[T any](ctx context.Context, c *Client, what call, options []Option) (*T, error) {
	s := c.defaults
	for _, o := range options {
		o(&s)
	}
	body, err := attempts(ctx, c, what, &s, c.once)
	if err != nil {
		return nil, err
	}
	x := new(T)
	if err := json.Unmarshal(body, x); err != nil {
		return nil, unreadable(s.idempotencyKey, err)
	}
	return x, nil
}

func unreadable(idempotencyKey string, cause error) *Error {
	return &Error{Family: ErrUnavailable, Status: http.StatusOK, Detail: "The answer could not be read.",
		IdempotencyKey: idempotencyKey, cause: cause}
}

// attempts sends the call by once until it is answered or it is of no use to go on.
func attempts[Answer any](ctx context.Context, c *Client, what call, s *settings,
	once func(ctx context.Context, verb, target string, body []byte, s *settings) (Answer, *Error)) (none Answer, _ error) {
	target, body, err := c.target(what)
	if err != nil {
		return none, err
	}
	if !what.creates {
		s.idempotencyKey = ""
	} else if s.idempotencyKey == "" {
		s.idempotencyKey = rand.Text()
	}
	if s.idempotencyKey != "" && strings.ContainsFunc(s.idempotencyKey, func(r rune) bool { return r < ' ' || r > '~' }) {
		return none, unfit("idempotency_key_invalid", "The Idempotency-Key must be 1 to 255 printable ASCII characters.")
	}
	for try := 0; ; try++ {
		answer, fault := once(ctx, what.verb, target, body, s)
		if fault == nil {
			return answer, nil
		}
		fault.IdempotencyKey = s.idempotencyKey
		fault.Retryable = fault.Retryable && (what.repeatable() || fault.Status == http.StatusTooManyRequests)
		if !fault.Retryable || try >= s.retries || ctx.Err() != nil {
			return none, fault
		}
		if err := c.sleep(ctx, backoff(try, fault.RetryAfter, c.chance)); err != nil {
			fault.cause = errors.Join(err, fault.cause)
			return none, fault
		}
	}
}

// target is where the call goes and what it brings.
func (c *Client) target(what call) (target string, body []byte, err error) {
	path := what.path
	for _, id := range what.ids {
		if id == "" || id == "." || id == ".." {
			return "", nil, unfit("invalid_request", "The id of the object is missing.")
		}
		open, end := strings.Index(path, "{"), strings.Index(path, "}")
		path = path[:open] + url.PathEscape(id) + path[end+1:]
	}
	target = c.base.String() + path
	body, err = json.Marshal(what.params)
	if err != nil {
		return "", nil, &Error{Family: ErrInvalidRequest, Detail: "The parameters could not be written as JSON.", cause: err}
	}
	if string(body) == "null" {
		body = []byte("{}")
	}
	if what.verb != http.MethodPost {
		if q := query(body); q != "" {
			target += "?" + q
		}
		body = nil
	}
	return target, body, nil
}

// query writes parameters as the platform reads them: a list repeats its name, a map
// gives each of its names in brackets.
func query(params []byte) string {
	var members map[string]any
	d := json.NewDecoder(bytes.NewReader(params))
	d.UseNumber()
	_ = d.Decode(&members) // our own JSON
	q := url.Values{}
	for name, value := range members {
		switch v := value.(type) {
		case []any:
			for _, x := range v {
				q.Add(name, fmt.Sprint(x))
			}
		case map[string]any:
			for key, x := range v {
				q.Set(name+"["+key+"]", fmt.Sprint(x))
			}
		default:
			q.Set(name, fmt.Sprint(v))
		}
	}
	return q.Encode()
}

// once sends the call one time.
func (c *Client) once(ctx context.Context, verb, target string, body []byte, s *settings) ([]byte, *Error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	w, fault := c.ask(ctx, verb, target, "application/json", body, s)
	if fault != nil {
		return nil, fault
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err != nil {
		return nil, lost(err)
	}
	return answer, nil
}

// ask sends the call one time and reads of its answer the header, or all that a
// refusal says.
func (c *Client) ask(ctx context.Context, verb, target, accept string, body []byte, s *settings) (*http.Response, *Error) {
	r, err := http.NewRequestWithContext(ctx, verb, target, bytes.NewReader(body))
	if err != nil {
		return nil, lost(err)
	}
	r.Header.Set("Authorization", c.bearer())
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", agent)
	if verb == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if s.idempotencyKey != "" {
		r.Header.Set("Idempotency-Key", s.idempotencyKey)
	}
	w, err := s.http.Do(r)
	if err != nil {
		return nil, lost(err)
	}
	if w.StatusCode >= 200 && w.StatusCode <= 299 {
		return w, nil
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err != nil {
		return nil, lost(err)
	}
	return nil, refusal(w.StatusCode, w.Header, answer)
}

const (
	backoffFirst  = 250 * time.Millisecond
	backoffMax    = 8 * time.Second
	retryAfterMax = 30 * time.Second // longer is not waited for
)

// backoff is how long to wait after a try: a random part of a span that doubles each
// time, on top of what the platform asked for.
func backoff(try int, asked time.Duration, chance func() float64) time.Duration {
	span := min(backoffFirst<<min(try, 10), backoffMax)
	return min(asked, retryAfterMax) + time.Duration(chance()*float64(span))
}
