// One of the programs that scripts/bench-peers compares: os/exec and syscall.Wait4. `peer reap|poll N PROGRAM` prints nanoseconds.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

func main() {
	work, program := os.Args[1], os.Args[3]
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	if work == "reap" {
		began := time.Now()
		for i := 0; i < n; i++ {
			if err := exec.Command(program).Run(); err != nil {
				panic(err)
			}
		}
		fmt.Println(time.Since(began).Nanoseconds())
		return
	}
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		panic(err)
	}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	began := time.Now()
	for i := 0; i < n; i++ {
		if pid, err := syscall.Wait4(child.Process.Pid, &status, syscall.WNOHANG, &usage); pid != 0 || err != nil {
			panic(err)
		}
	}
	fmt.Println(time.Since(began).Nanoseconds())
	child.Process.Kill()
	child.Wait()
}
