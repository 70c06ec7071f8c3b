"""The Lathe worker: a Gradio app in front of Ray Serve replicas that each run one job at a time.

    python app.py            serves on LATHE_HOST:LATHE_PORT (127.0.0.1:7860), on this machine or the cluster that RAY_ADDRESS names

Endpoints, as the Gradio adapter of Lathe calls them: /master(audio, preset, format) and /generate(prompt, seconds, bpm, key, meter, seed, format); each gives one file.
Settings are environment variables; README.md lists them.
"""

import os
import secrets
import shutil
import tempfile

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
# Gradio's copies of what comes in and goes out, in memory where there is any.
if "GRADIO_TEMP_DIR" not in os.environ:
    os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="lathe-worker-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)

import fastapi  # noqa: E402
import gradio as gr  # noqa: E402
import gradio.route_utils  # noqa: E402
import ray  # noqa: E402
import uvicorn  # noqa: E402
from fastapi.responses import FileResponse, JSONResponse  # noqa: E402
from gradio.route_utils import GradioUploadFile  # noqa: E402
from ray import serve  # noqa: E402
from ray.serve.exceptions import BackPressureError  # noqa: E402

from backends import JobFailed, make_backend  # noqa: E402

HOST = os.environ.get("LATHE_HOST", "127.0.0.1")
PORT = int(os.environ.get("LATHE_PORT", "7860"))
REPLICAS = int(os.environ.get("LATHE_REPLICAS", "0")) or max(1, (os.cpu_count() or 1) // int(os.environ.get("LATHE_CPUS", "1")))
WAITING = int(os.environ.get("LATHE_WAITING", "4"))
CPUS = float(os.environ.get("LATHE_CPUS", "1"))
GPUS = float(os.environ.get("LATHE_GPUS", "0"))
MOST_BYTES = int(os.environ.get("LATHE_MOST_MIB", "200")) << 20
FORMATS = ["wav", "flac", "aiff", "mp3", "ogg", "opus", "caf"]
# Seconds between two looks for files to delete, and how old one may get.
DELETE_CACHE = (60, int(os.environ.get("LATHE_KEEPS_SECONDS", "900")))


class OwnUpload(GradioUploadFile):
    """An upload in a folder of its own.

    Gradio names the folder after the content: two jobs with the same sound would share it, and the first that ends would delete it under the other.
    What is written lies in memory, so it needs no thread to wait for it.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.sha = OwnName()

    async def write(self, data):
        self.size = (self.size or 0) + len(data)
        self.file.write(data)


class OwnName:
    def __init__(self):
        self.name = secrets.token_hex(32)

    def update(self, _):
        pass

    def hexdigest(self):
        return self.name


gradio.route_utils.GradioUploadFile = OwnUpload
# Results are read from memory too: fewer and larger steps.
FileResponse.chunk_size = 1 << 20


@serve.deployment(
    num_replicas=REPLICAS, max_ongoing_requests=1, max_queued_requests=WAITING, health_check_period_s=5, health_check_timeout_s=10,
    ray_actor_options={"num_cpus": CPUS, "num_gpus": GPUS})
class Replica:
    """One job at a time. A generator: progress as (fraction, stage), then the file's bytes, or where it lies."""

    def __init__(self):
        self.backend = make_backend()
        self.node = ray.get_runtime_context().get_node_id()

    def check_health(self):
        self.backend.check()

    def is_reached(self, node):
        """Whether files that a front on `node` names are here; None names none."""
        if node not in (None, self.node):
            raise JobFailed("a machine has joined in the meantime; try again")

    def master(self, sound, ending: str, preset: str, form: str, node, target):
        self.is_reached(node)
        yield from self.backend.master(sound, ending, preset, form, target)

    def generate(self, wish: dict, form: str, node, target):
        self.is_reached(node)
        yield from self.backend.generate(wish, form, target)


class Front:
    """Gradio's functions: they hold no sound longer than the call."""

    def __init__(self, handle):
        self.handle = handle.options(stream=True)
        self.node = ray.get_runtime_context().get_node_id()

    def here(self):
        """This node, where it is the only one: then sounds need not travel through Ray, their files change hands."""
        return self.node if sum(node["Alive"] for node in ray.nodes()) == 1 else None

    def run(self, method, arguments, form, node, progress):
        folder = tempfile.mkdtemp(dir=os.environ["GRADIO_TEMP_DIR"])
        path, done = os.path.join(folder, "out." + form), False
        try:
            for part in getattr(self.handle, method).remote(*arguments, form, node, path if node else None):
                if isinstance(part, tuple):
                    progress(part[0], desc=part[1])
                    continue
                if isinstance(part, bytes):
                    with open(path, "wb") as file:
                        file.write(part)
                done = True
                return path
        except BackPressureError:
            raise gr.Error("busy: all places are taken; try again", print_exception=False) from None
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, JobFailed):
                raise gr.Error(str(error.cause), print_exception=False) from None
            raise gr.Error("the replica failed; try again", print_exception=False) from None
        except (ray.exceptions.RayActorError, ray.exceptions.RayError):
            raise gr.Error("the replica was lost; try again", print_exception=False) from None
        finally:
            if not done:
                shutil.rmtree(folder, ignore_errors=True)
        raise gr.Error("the replica gave nothing; try again", print_exception=False)

    def master(self, audio, preset, form, progress=gr.Progress()):
        if not audio:
            raise gr.Error("audio is missing", print_exception=False)
        if form not in FORMATS:
            raise gr.Error("format is one of " + ", ".join(FORMATS), print_exception=False)
        own = os.path.realpath(audio).startswith(os.path.realpath(os.environ["GRADIO_TEMP_DIR"]) + os.sep)
        try:
            if os.path.getsize(audio) > MOST_BYTES:
                raise gr.Error(f"audio has more than {MOST_BYTES >> 20} MiB", print_exception=False)
            node = self.here() if own else None
            sound = audio
            if node is None:
                with open(audio, "rb") as file:
                    sound = file.read()
            return self.run("master", (sound, os.path.splitext(audio)[1], preset or ""), form, node, progress)
        finally:
            # Gradio's copy of it has done its work.
            if own:
                shutil.rmtree(os.path.dirname(audio), ignore_errors=True)

    def generate(self, prompt, seconds, bpm, key, meter, seed, form, progress=gr.Progress()):
        if form not in FORMATS:
            raise gr.Error("format is one of " + ", ".join(FORMATS), print_exception=False)
        wish = {"prompt": prompt or "", "seconds": seconds, "bpm": bpm, "key": key, "meter": meter, "seed": seed}
        return self.run("generate", (wish,), form, self.here(), progress)


def make_app(handle):
    front = Front(handle)
    with gr.Blocks(title="Lathe worker", analytics_enabled=False, delete_cache=DELETE_CACHE) as demo:
        gr.Markdown("Masters and makes music with [Lathe](#). What comes in is deleted when its job ends, what goes out after 15 minutes.")
        with gr.Tab("Master"):
            audio = gr.File(label="audio", type="filepath")
            preset = gr.Textbox(label="preset", lines=4, placeholder="The text of a preset file, or a preset's name; empty is streaming.")
            master_format = gr.Dropdown(FORMATS, value="wav", label="format")
            mastered = gr.File(label="master")
            gr.Button("Master").click(front.master, [audio, preset, master_format], mastered, api_name="master", concurrency_limit=REPLICAS, concurrency_id="jobs")
        with gr.Tab("Generate"):
            prompt = gr.Textbox(label="prompt")
            seconds = gr.Number(label="seconds", value=30)
            bpm = gr.Number(label="bpm", value=None)
            key = gr.Textbox(label="key", value=None)
            meter = gr.Textbox(label="meter", value=None)
            seed = gr.Number(label="seed", value=None, precision=0)
            track_format = gr.Dropdown(FORMATS, value="wav", label="format")
            track = gr.File(label="track")
            gr.Button("Generate").click(front.generate, [prompt, seconds, bpm, key, meter, seed, track_format], track, api_name="generate", concurrency_limit=REPLICAS, concurrency_id="jobs")
    # More than these are told so at once: POST queue/join answers 503.
    demo.queue(max_size=WAITING, default_concurrency_limit=REPLICAS)

    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    def health():
        status = serve.status().applications.get("lathe")
        states = status.deployments["Replica"].replica_states if status and "Replica" in status.deployments else {}
        running = int(states.get("RUNNING", 0))
        return JSONResponse({"replicas": running, "wanted": REPLICAS}, 200 if running else 503)

    return gr.mount_gradio_app(app, demo, path="/", max_file_size=MOST_BYTES)


def main():
    ray.init(address=os.environ.get("RAY_ADDRESS"), include_dashboard=False, log_to_driver=False, logging_level="warning",
             **({} if os.environ.get("RAY_ADDRESS") else {"num_cpus": max(os.cpu_count() or 1, int(REPLICAS * CPUS) + 1)}))
    serve.start(http_options=serve.HTTPOptions(location=serve.config.DeploymentMode.NoServer) if hasattr(serve.config, "DeploymentMode") else {"location": "NoServer"})
    handle = serve.run(Replica.bind(), name="lathe", route_prefix=None)
    try:
        uvicorn.run(make_app(handle), host=HOST, port=PORT, log_level="warning", access_log=False)
    finally:
        serve.shutdown()
        ray.shutdown()
        shutil.rmtree(os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)


if __name__ == "__main__":
    main()
