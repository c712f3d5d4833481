package money_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/florinpay/florin/internal/money"
	"pgregory.net/rapid"
)

const (
	least = math.MinInt64
	most  = math.MaxInt64
)

// anyMinor prefers the edges, where sums wrap.
var anyMinor = rapid.OneOf(rapid.Int64(), rapid.Int64Range(-20, 20), rapid.SampledFrom([]int64{least, least + 1, most - 1, most}))

var anyCurrency = rapid.SampledFrom(money.Currencies())

func usd(minor int64) money.Amount { return money.New(minor, money.USD) }

func TestSumsAreExactOrRefused(t *testing.T) {
	type op = func(a, b money.Amount) (money.Amount, error)
	add, sub := op(money.Amount.Add), op(money.Amount.Sub)
	for _, c := range []struct {
		name string
		op   op
		a, b int64
		want int64
		err  error
	}{
		{"add", add, 1, 2, 3, nil},
		{"add", add, most, least, -1, nil},
		{"add", add, most, 1, 0, money.ErrOverflow},
		{"add", add, least, -1, 0, money.ErrOverflow},
		{"add", add, least, least, 0, money.ErrOverflow},
		{"sub", sub, 1, 2, -1, nil},
		{"sub", sub, -1, least, most, nil},
		{"sub", sub, least, 0, least, nil},
		{"sub", sub, least, 1, 0, money.ErrOverflow},
		{"sub", sub, 0, least, 0, money.ErrOverflow},
		{"sub", sub, most, -1, 0, money.ErrOverflow},
	} {
		got, err := c.op(usd(c.a), usd(c.b))
		if !errors.Is(err, c.err) || err == nil && got != usd(c.want) || err != nil && got != (money.Amount{}) {
			t.Errorf("%s(%d, %d) = %v, %v; want %d, %v", c.name, c.a, c.b, got, err, c.want, c.err)
		}
	}
}

func TestCurrenciesNeverMix(t *testing.T) {
	dollar, yen := usd(1), money.New(1, money.JPY)
	_, add := dollar.Add(yen)
	_, sub := dollar.Sub(yen)
	_, cmp := dollar.Cmp(yen)
	_, none := dollar.Add(money.Amount{})
	for name, err := range map[string]error{"Add": add, "Sub": sub, "Cmp": cmp, "no currency": none} {
		if !errors.Is(err, money.ErrCurrencyMismatch) {
			t.Errorf("%s of USD and JPY: %v", name, err)
		}
	}
	if dollar == yen {
		t.Error("1 USD equals 1 JPY")
	}
}

func TestOrderAndSign(t *testing.T) {
	for _, c := range []struct {
		a, b      int64
		cmp, sign int
	}{{1, 2, -1, 1}, {0, 0, 0, 0}, {-1, -2, 1, -1}, {least, most, -1, -1}, {most, least, 1, 1}} {
		got, err := usd(c.a).Cmp(usd(c.b))
		if err != nil || got != c.cmp || usd(c.a).Sign() != c.sign || usd(c.a).IsZero() != (c.sign == 0) {
			t.Errorf("%d against %d: Cmp %d (%v), Sign %d", c.a, c.b, got, err, usd(c.a).Sign())
		}
	}
	if _, err := usd(least).Neg(); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("Neg(-2^63): %v", err)
	}
	if got, err := usd(most).Neg(); err != nil || got != usd(-most) {
		t.Errorf("Neg = %v, %v", got, err)
	}
}

func TestAddAgreesWithBigAndSubUndoesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := usd(anyMinor.Draw(t, "a")), usd(anyMinor.Draw(t, "b"))
		exact := new(big.Int).Add(big.NewInt(a.Minor), big.NewInt(b.Minor))
		sum, err := a.Add(b)
		if exact.IsInt64() != (err == nil) {
			t.Fatalf("%v + %v = %v, %v", a, b, sum, err)
		}
		if err != nil {
			return
		}
		if sum != usd(exact.Int64()) {
			t.Fatalf("%v + %v = %v", a, b, sum)
		}
		if back, err := sum.Sub(b); err != nil || back != a {
			t.Fatalf("%v - %v = %v, %v", sum, b, back, err)
		}
	})
}

func TestSubAgreesWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := usd(anyMinor.Draw(t, "a")), usd(anyMinor.Draw(t, "b"))
		exact := new(big.Int).Sub(big.NewInt(a.Minor), big.NewInt(b.Minor))
		diff, err := a.Sub(b)
		if exact.IsInt64() != (err == nil) || err == nil && diff != usd(exact.Int64()) {
			t.Fatalf("%v - %v = %v, %v", a, b, diff, err)
		}
	})
}

func ExampleAmount_Add() {
	price := money.New(1999, money.USD)
	tip, _ := money.ParseDecimal("3.01", money.USD)
	total, err := price.Add(tip)
	fmt.Println(total, err)
	_, err = total.Add(money.New(500, money.JPY))
	fmt.Println(err)
	// Output:
	// 23.00 USD <nil>
	// currency_mismatch: The currencies mismatch: USD and JPY. Use the same currency for both amounts.
}

func BenchmarkAdd(b *testing.B) {
	sum, one := usd(0), usd(1)
	for b.Loop() {
		sum, _ = sum.Add(one)
	}
}
