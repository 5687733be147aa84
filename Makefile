# Targets: demo, addon, test, lint, matrix, benchmark. Each first sets up its environment, which is quick if it exists.
.PHONY: demo addon test lint matrix benchmark clean
.DEFAULT_GOAL := demo

SET_UP := tools/set_up_environment.sh
PYTHON_IN_VENV := .venv/bin/python
DEMO := out/demo

# Capture and Blender, without torch.
.venv/.demo-ready: pyproject.toml $(SET_UP)
	$(SET_UP) .venv 3.11 --editable '.[blender]'
	touch $@

# The same with the trainer, the linter, the type checker and the tests.
.venv/.test-ready: .venv/.demo-ready
	$(SET_UP) .venv 3.11 --editable '.[blender,train,dev]'
	touch $@

demo: .venv/.demo-ready
	mkdir -p $(DEMO)
	$(PYTHON_IN_VENV) -m posenet3d_blender capture examples/demo_clip.mp4 \
		-o $(DEMO)/demo.fbx -o $(DEMO)/demo.npz --preview $(DEMO)/demo_preview.mp4
	$(PYTHON_IN_VENV) tools/score_demo.py examples/demo_truth.npz $(DEMO)/demo.npz

# One zip per platform, to drag into Blender.
addon: .venv/.demo-ready
	$(PYTHON_IN_VENV) build_addon.py --output-dir dist

lint: .venv/.test-ready
	$(PYTHON_IN_VENV) -m ruff check .
	$(PYTHON_IN_VENV) -m ruff format --check .
	$(PYTHON_IN_VENV) -m mypy

test: lint
	$(PYTHON_IN_VENV) -m pytest

matrix: .venv/.test-ready
	tools/run_matrix.sh

.venv-mediapipe/.ready: tools/set_up_mediapipe.sh $(SET_UP)
	tools/set_up_mediapipe.sh
	touch $@

benchmark: .venv/.demo-ready .venv-mediapipe/.ready
	$(PYTHON_IN_VENV) benchmarks/end_to_end.py

clean:
	rm -rf out build dist .venv .venv-*
