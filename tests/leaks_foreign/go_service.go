// An HTTP service that leaks at one route each, and at /calm nothing. It knows nothing of midnight.
package main

import (
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
)

var (
	data        = os.Getenv("SERVICE_DATA")
	peer        = "127.0.0.1:" + os.Getenv("SERVICE_PEER")
	opened      = make(chan *os.File, 10000)
	connections = make(chan net.Conn, 10000)
)

func keepAFile() {
	file, err := os.Open(data)
	if err != nil {
		panic(err)
	}
	opened <- file
}

func connect() net.Conn {
	connection, err := net.Dial("tcp", peer)
	if err != nil {
		panic(err)
	}
	return connection
}

// A goroutine that keeps its thread: one more thread of the process.
func keepAThread() {
	ready := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(ready)
		select {}
	}()
	<-ready
}

func forget() {
	go func() { select {} }() // leak: goroutine
}

func calm() {
	if _, err := os.ReadFile(data); err != nil {
		panic(err)
	}
	connect().Close()
}

func main() {
	routes := map[string]func(){
		"/":       func() {},
		"/file":   keepAFile,
		"/socket": func() { connections <- connect() },
		"/thread": keepAThread,
		"/forget": forget,
		"/calm":   calm,
	}
	for path, serve := range routes {
		http.HandleFunc(path, func(response http.ResponseWriter, _ *http.Request) {
			serve()
			response.Write([]byte("ok\n"))
		})
	}
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("SERVICE_PORT"), nil); err != nil {
		panic(err)
	}
}
