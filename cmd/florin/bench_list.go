package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/florinpay/florin/internal/bench"
)

// lists reads full pages of what was stored between two instants.
func (s *sitting) lists(ctx context.Context, t *target, began, ended time.Time) error {
	for _, name := range []bench.Scenario{bench.List1M, bench.List1MApart, bench.List1MPaced} {
		if !s.wants(name) {
			continue
		}
		l := t.payments(64, nil, 0)
		l.URL, l.Method, l.Body = l.URL+"?limit=100", http.MethodGet, nil
		switch name {
		case bench.List1MApart:
			var err error
			if l.Queries, err = t.pages(ctx, began, ended); err != nil {
				return err
			}
		case bench.List1MPaced:
			l.Every = 64 * time.Millisecond // of each connection: 1,000 a second
		}
		if err := s.load(ctx, bench.Row{Scenario: name, Engine: t.engine, Conns: 64}, l); err != nil {
			return err
		}
	}
	return nil
}

// pagesApart is how many pages list_1m_apart draws from: of 64 callers few draw the same.
const pagesApart = 2_000

// pages are queries for pages that begin at payments evenly spread between two instants.
func (t *target) pages(ctx context.Context, began, ended time.Time) ([]string, error) {
	list := make([]string, pagesApart)
	for i := range list {
		at := began.Add(ended.Sub(began) * time.Duration(i+pagesApart/10) / (pagesApart + pagesApart/10)).UTC()
		place, err := t.placeBefore(ctx, at.Format("2006-01-02T15:04:05.000000Z"))
		if err != nil {
			return nil, err
		}
		list[i] = "limit=100&starting_after=" + place
	}
	return list, nil
}

// placeBefore is a place in the list that is no newer than an instant.
func (t *target) placeBefore(ctx context.Context, instant string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.world.URL+"/v1/payments?limit=1&created_to="+instant, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+t.world.SandboxKey)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	var page struct {
		Next string `json:"next_cursor"`
	}
	if err = errors.Join(json.NewDecoder(a.Body).Decode(&page), a.Body.Close()); err == nil && page.Next == "" {
		err = fmt.Errorf("the payments until %s are not listed: %s", instant, a.Status)
	}
	return page.Next, err
}
