package sandbox_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/connector/connectortest"
	"github.com/florinpay/florin/internal/connector/sandbox"
)

func TestAHangingRailActsAllTheSame(t *testing.T) {
	r := serve(t, sandbox.Options{})
	c := open(t, r, patience)
	r.Hang(true)
	q, a := pay(t, c, "tok_visa", 1000)
	if a.Result != connector.Unknown {
		t.Errorf("while hanging: %+v", a)
	}
	r.Hang(false)
	if told := c.Ask(context.Background(), q.Reference); told.Result != connector.Approved {
		t.Errorf("asked later: %+v", told)
	}
}

func TestAConnectionLostInTheAnswerIsUnknownAndComesBack(t *testing.T) {
	r := serve(t, sandbox.Options{})
	c := open(t, r, 5*time.Second)
	r.Drop(1)
	q, a := pay(t, c, "tok_visa", 1000)
	if a.Result != connector.Unknown {
		t.Errorf("dropped: %+v", a)
	}
	if again := c.Send(context.Background(), q); again.Result != connector.Approved {
		t.Errorf("sent again: %+v", again)
	}
}

func TestNobodyListensYet(t *testing.T) {
	dir := t.TempDir()
	r := serve(t, sandbox.Options{Dir: dir})
	_ = r.Close()
	c := open(t, r, patience)
	if _, a := pay(t, c, "tok_visa", 1000); a.Result != connector.Unknown {
		t.Errorf("without a rail: %+v", a)
	}
	serveOn(t, r.Address(), sandbox.Options{Dir: dir})
	eventually(t, "the client connects", func() bool {
		_, a := pay(t, c, "tok_visa", 1000)
		return a.Result == connector.Approved
	})
}

// liar is a rail that answers every question with the same content.
func liar(t *testing.T, content string) *sandbox.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				head := make([]byte, 4)
				for {
					if _, err := io.ReadFull(conn, head); err != nil {
						return
					}
					if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head))); err != nil {
						return
					}
					_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(content))), content...))
				}
			}()
		}
	}()
	c := sandbox.Open(sandbox.ClientOptions{Address: l.Addr().String(), Timeout: patience, Lines: 1, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestOnlyAFittingAnswerApproves(t *testing.T) {
	r := connectortest.Authorization(t, "4242424242424242", 1000)
	r.Reference = "att_1"
	for name, c := range map[string]struct {
		content string
		want    connector.Result
	}{
		"fitting":           {`{"n":1,"reference":"att_1","amount":1000,"currency":"USD","outcome":"approved","rail_reference":"R1","code":"00"}`, connector.Approved},
		"other amount":      {`{"n":1,"reference":"att_1","amount":999,"currency":"USD","outcome":"approved","rail_reference":"R1","code":"00"}`, connector.Unknown},
		"other currency":    {`{"n":1,"reference":"att_1","amount":1000,"currency":"EUR","outcome":"approved","rail_reference":"R1","code":"00"}`, connector.Unknown},
		"other reference":   {`{"n":1,"reference":"att_2","amount":1000,"currency":"USD","outcome":"approved","rail_reference":"R1","code":"00"}`, connector.Unknown},
		"no reference":      {`{"n":1,"reference":"att_1","amount":1000,"currency":"USD","outcome":"approved","code":"00"}`, connector.Unknown},
		"declining code":    {`{"n":1,"reference":"att_1","amount":1000,"currency":"USD","outcome":"approved","rail_reference":"R1","code":"51"}`, connector.Unknown},
		"approving decline": {`{"n":1,"reference":"att_1","amount":1000,"currency":"USD","outcome":"declined","rail_reference":"R1","code":"00"}`, connector.Unknown},
		"unheard outcome":   {`{"n":1,"reference":"att_1","amount":1000,"currency":"USD","outcome":"maybe","rail_reference":"R1","code":"00"}`, connector.Unknown},
		"missing":           {`{"n":1,"reference":"att_1","amount":1000,"currency":"USD","outcome":"missing"}`, connector.Unknown},
		"abandoned":         {`{"n":1,"reference":"att_1","amount":1000,"currency":"USD","outcome":"abandoned"}`, connector.Unknown},
		"other number":      {`{"n":9,"reference":"att_1","amount":1000,"currency":"USD","outcome":"approved","rail_reference":"R1","code":"00"}`, connector.Unknown},
		"not JSON":          {`approved`, connector.Unknown},
		"too long":          {strings.Repeat(" ", sandbox.FrameMax+1), connector.Unknown},
		"empty":             {``, connector.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			if got := liar(t, c.content).Send(context.Background(), r); got.Result != c.want {
				t.Errorf("%s, want %s", got.Result, c.want)
			}
		})
	}
}

func TestTheRailSurvivesBadClients(t *testing.T) {
	r := serve(t, sandbox.Options{})
	for _, bad := range []string{"\x00\x00\x00\x00", "\xff\xff\xff\xffGET /", "\x00\x00\x00\x02{]", "\x00\x00\x00\x09truncated"[:8],
		"\x00\x00\x00\x02{}", "\x00\x00\x00\x14{\"kind\":\"authorize\"}"} {
		conn, err := net.Dial("tcp", r.Address())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, bad)
		_ = conn.Close()
	}
	if _, a := pay(t, open(t, r, time.Second), "tok_visa", 1000); a.Result != connector.Approved {
		t.Errorf("after the bad ones: %+v", a)
	}
}

func TestNoCardDataIsKeptOrLogged(t *testing.T) {
	var log locked
	dir := t.TempDir()
	r := serve(t, sandbox.Options{Dir: dir, Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	c := open(t, r, patience)
	r.Drop(1)
	for _, tc := range sandbox.Cards {
		q := connectortest.Authorization(t, tc.Number, 1051)
		c.Send(context.Background(), q)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "rail.book"))
	if err != nil || len(kept) == 0 {
		t.Fatalf("the book: %d bytes, %v", len(kept), err)
	}
	for _, tc := range sandbox.Cards {
		for _, digits := range []string{tc.Number, tc.Number[:len(tc.Number)-4], tc.Number[6:]} {
			if bytes.Contains(kept, []byte(digits)) || strings.Contains(log.String(), digits) {
				t.Errorf("digits of %s are in the book or the log", tc.Token)
			}
		}
	}
}

type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func BenchmarkAuthorize(b *testing.B) {
	c := open(b, serve(b, sandbox.Options{}), 3*time.Second)
	template := connectortest.Authorization(b, "4242424242424242", 1000)
	b.SetParallelism(32) // 64 at once on two cores
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := connectortest.Following(connector.Authorize, "", 1000)
			r.Card = template.Card
			if a := c.Send(context.Background(), r); a.Result != connector.Approved {
				b.Errorf("%+v", a)
				return
			}
		}
	})
}
