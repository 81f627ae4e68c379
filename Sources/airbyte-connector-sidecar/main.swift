import Glibc
import Sidecar

exit(Sidecar.run(environment: processEnvironment()))
