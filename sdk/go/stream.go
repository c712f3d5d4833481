package florin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"
)

// lines is an answer that is read line by line. Silence longer than patience ends it.
type lines struct {
	*bufio.Reader
	body     io.Closer
	end      context.CancelFunc
	watch    *time.Timer
	patience time.Duration
}

// listen sends the call one time and waits for its answer to begin.
func (c *Client) listen(ctx context.Context, verb, target string, body []byte, s *settings) (*lines, *Error) {
	ctx, end := context.WithCancel(ctx)
	l := &lines{end: end, watch: time.AfterFunc(s.timeout, end), patience: s.timeout}
	w, fault := c.ask(ctx, verb, target, "application/x-ndjson", body, s)
	if fault != nil {
		l.close()
		return nil, fault
	}
	l.Reader, l.body = bufio.NewReaderSize(w.Body, 64<<10), w.Body
	return l, nil
}

// next is the next line, or io.EOF after the last one.
func (l *lines) next() ([]byte, error) {
	l.watch.Reset(l.patience)
	defer l.watch.Stop() // what is done with the line takes as long as it takes
	line, err := l.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return line, err
}

func (l *lines) close() {
	l.watch.Stop()
	l.end()
	if l.body != nil {
		_ = l.body.Close() // read or given up: either way it is over
	}
}

// stream gives what an export holds, as it comes. Until the first object has come it is
// sent again as any call; later nobody but the caller knows what to do with a part.
func stream[T any](ctx context.Context, c *Client, what call, options []Option) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		s := c.defaults
		for _, o := range options {
			o(&s)
		}
		answer, err := attempts(ctx, c, what, &s, c.listen)
		if err != nil {
			yield(nil, err)
			return
		}
		defer answer.close()
		for {
			line, err := answer.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, &Error{Family: ErrNetwork, Status: http.StatusOK, Detail: "The export broke off: what came is not all of it.", Retryable: true, cause: err})
				return
			}
			if len(line) == 1 { // nothing has happened, and the server is there
				continue
			}
			x := new(T)
			if err := json.Unmarshal(line, x); err != nil {
				yield(nil, unreadable("", err))
				return
			}
			if !yield(x, nil) {
				return
			}
		}
	}
}
