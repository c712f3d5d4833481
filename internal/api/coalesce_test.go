package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/fault"
)

// library is a house whose pages are read one by one, each when the test says so.
type library struct {
	*house
	readings atomic.Int64
	began    chan int64
	goOn     chan error
	readers  sync.WaitGroup
	mu       sync.Mutex
	got      []string // what the readers saw
}

func newLibrary(t *testing.T) *library {
	l := &library{house: newHouse(t), began: make(chan int64, 100), goOn: make(chan error)}
	t.Cleanup(func() { close(l.goOn) })
	l.till.read = func(context.Context) (string, error) {
		n := l.readings.Add(1)
		l.began <- n
		err := <-l.goOn
		if err == errPanic { //nolint:errorlint // our own
			panic("a page falls out")
		}
		return fmt.Sprint("reading ", n), err
	}
	return l
}

var errPanic = errors.New("the handler is to panic")

const newest = "/v1/payments?limit=3"

// come is one reader more, who asks for the newest page.
func (l *library) come(path string, headers ...string) {
	l.readers.Go(func() {
		a := l.ask("GET", path, "", headers...)
		word := fmt.Sprint(a.StatusCode)
		if _, after, found := strings.Cut(a.body, "reading "); found {
			word = "reading " + after[:1]
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.got = append(l.got, word)
	})
}

// guests waits until so many share the reading to come.
func (l *library) guests(most int) {
	l.t.Helper()
	for range 5000 {
		l.door.flights.mu.Lock()
		n := -1
		for _, route := range l.door.flights.routes {
			if route.waiting != nil {
				n = route.waiting.guests
			}
		}
		l.door.flights.mu.Unlock()
		if n == most {
			return
		}
		time.Sleep(time.Millisecond)
	}
	l.t.Fatalf("there were never %d guests", most)
}

// left waits for all readers, and sees to it that nothing stays.
func (l *library) left(want map[string]int) {
	l.t.Helper()
	l.readers.Wait()
	got := map[string]int{}
	for _, word := range l.got {
		got[word]++
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		l.t.Errorf("the readers saw %v, not %v", got, want)
	}
	l.door.flights.mu.Lock()
	defer l.door.flights.mu.Unlock()
	if n := len(l.door.flights.routes); n != 0 {
		l.t.Errorf("%d pages are still being read", n)
	}
}

// TestCallersWhoAskForTheSamePageShareAReading: one that began after all of them had
// asked, in whatever format each wants it.
func TestCallersWhoAskForTheSamePageShareAReading(t *testing.T) {
	l := newLibrary(t)
	l.come(newest)
	<-l.began
	l.come(newest)
	l.guests(0)
	l.come(newest)
	l.come(newest, "Accept: application/xml")
	l.come(newest, "Accept-Encoding: gzip")
	l.come(newest, "Accept: application/xml")
	l.guests(4)
	ctx, _ := l.with()
	l.readers.Go(func() {
		page, err := l.payments(speeches["grpc"]).ListPayments(ctx, &florinv1.ListPaymentsRequest{Limit: new(int32(3))})
		l.mu.Lock()
		defer l.mu.Unlock()
		if err != nil {
			l.got = append(l.got, err.Error())
			return
		}
		l.got = append(l.got, page.Data[0].Description)
	})
	l.guests(5)
	l.goOn <- nil
	<-l.began
	l.come(newest) // the second reading runs: this caller must not get it
	l.guests(0)
	l.goOn <- nil
	<-l.began
	l.goOn <- nil
	l.left(map[string]int{"reading 1": 1, "reading 2": 6, "reading 3": 1})
}

// TestWhoAsksForAnotherPageDoesNotWait, nor who asks with another key.
func TestWhoAsksForAnotherPageDoesNotWait(t *testing.T) {
	l := newLibrary(t)
	other := l.newKey(apikey.Draft{Merchant: cafe, Scopes: apikey.AllScopes()})
	l.come(newest)
	l.come("/v1/payments?limit=4")
	l.come(newest, "Authorization: Bearer "+other)
	for range 3 {
		<-l.began
	}
	for range 3 {
		l.goOn <- nil
	}
	l.left(map[string]int{"reading 1": 1, "reading 2": 1, "reading 3": 1})
}

// TestAReadingThatFailsFailsAlone: those who waited for it read for themselves.
func TestAReadingThatFailsFailsAlone(t *testing.T) {
	for name, c := range map[string]struct {
		how  error
		word string
	}{"refused": {fault.ErrNotFound, "404"}, "panics": {errPanic, "500"}} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			l.come(newest)
			<-l.began
			l.come(newest)
			l.guests(0)
			l.come(newest)
			l.come(newest)
			l.guests(2)
			l.goOn <- nil
			<-l.began
			l.goOn <- c.how
			<-l.began
			<-l.began
			l.goOn <- nil
			l.goOn <- nil
			l.left(map[string]int{"reading 1": 1, c.word: 1, "reading 3": 1, "reading 4": 1})
		})
	}
}

// TestWhoseDeadlinePassesBeforeItsTurn does not take its guests along.
func TestWhoseDeadlinePassesBeforeItsTurn(t *testing.T) {
	l := newLibrary(t)
	l.come(newest)
	<-l.began
	ctx, _ := l.with()
	ctx, end := context.WithTimeout(ctx, 5*time.Second)
	defer end()
	l.readers.Go(func() {
		_, err := l.payments(speeches["grpc"]).ListPayments(ctx, &florinv1.ListPaymentsRequest{Limit: new(int32(3))})
		if connect.CodeOf(err) != connect.CodeDeadlineExceeded {
			t.Errorf("the caller hears %v", err)
		}
	})
	l.guests(0)
	l.come(newest)
	l.guests(1)
	<-l.began // the guest, beside the first reading
	l.goOn <- nil
	l.goOn <- nil
	l.left(map[string]int{"reading 1": 1, "reading 2": 1})
}
